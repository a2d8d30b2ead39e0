// sharp, warm, on one thread: the protocol of image_worker.py. Each width is made from the next wider one, through raw
// pixels, which takes it less time than its usual idiom of one clone of the file for every width.
'use strict';
const path = require('node:path');
const readline = require('node:readline');
const sharp = require('sharp');

sharp.concurrency(1);
sharp.cache(false);

async function render({ input, output, widths, options }) {
  const { format, ...settings } = options;
  const files = [];
  let source = sharp(input).rotate();
  for (const width of widths) {
    const { data, info } = await source
      .resize({ width, withoutEnlargement: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width: wide, height, channels } = info;
    const pixels = () => sharp(data, { raw: { width: wide, height, channels } });
    files.push(path.join(output, `${width}.${format}`));
    await pixels().toFormat(format, settings).toFile(files.at(-1));
    source = pixels();
  }
  return files;
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const before = process.cpuUsage();
    const files = await render(JSON.parse(line));
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(`${JSON.stringify({ cpu_seconds: (user + system) / 1e6, files })}\n`);
  }
}

main();

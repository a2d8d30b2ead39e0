// Dropped and chosen files go up one after the other, each with a bar; the list of jobs follows along.

import { refresh } from "/static/page.js";

const POLL_MILLISECONDS = 1000;

const form = document.getElementById("drop");
const uploads = document.getElementById("uploads");
let queue = Promise.resolve();
let timer = 0;

form.elements.file.multiple = true;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  // Not `submitter.formAction`: of a button without one, that is the address of this page.
  enqueue(form.elements.file.files, event.submitter?.getAttribute("formaction") ?? form.action);
  form.reset();
});

for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (event) => {
    if (event.dataTransfer?.types.includes("Files")) {
      event.preventDefault();
      form.classList.add("dropping");
    }
  });
}

addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) {
    form.classList.remove("dropping");
  }
});

addEventListener("drop", (event) => {
  form.classList.remove("dropping");
  if (event.dataTransfer?.files.length) {
    event.preventDefault();
    enqueue(event.dataTransfer.files, form.action);
  }
});

addEventListener("visibilitychange", watch);

function enqueue(files, url) {
  for (const file of files) {
    const row = new Row(file.name);
    queue = queue.then(() => upload(file, url, row));
  }
}

/** Never rejects: what went wrong stands in the row. */
function upload(file, url, row) {
  const body = new FormData();
  body.append("file", file);
  const request = new XMLHttpRequest(); // fetch tells nothing about the progress of a body
  request.open("POST", url);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => row.show(event.loaded, event.total));
  return new Promise((done) => {
    request.addEventListener("loadend", async () => {
      if (request.status === 202) {
        row.remove();
        await refresh("recent");
        watch();
      } else {
        row.fail(request.response?.detail || request.response?.title || "The server did not answer");
      }
      done();
    });
    request.send(body);
  });
}

class Row {
  constructor(name) {
    this.element = document.createElement("li");
    this.bar = document.createElement("progress");
    this.bar.setAttribute("aria-label", `Sending ${name}`);
    this.words = this.span("facts", "Waiting");
    this.element.append(this.span("name", name), this.words, this.bar);
    uploads.append(this.element);
  }

  span(kind, text) {
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = text;
    return span;
  }

  show(sent, total) {
    this.bar.value = total ? sent / total : 1;
    this.words.textContent = sent < total ? `Sending, ${Math.floor((100 * sent) / total)} %` : "Making it safe";
  }

  fail(reason) {
    this.bar.remove();
    this.element.classList.add("failed");
    this.words.textContent = reason;
  }

  remove() {
    this.element.remove();
  }
}

/** Refresh the list as long as a job in it is active and somebody looks. */
function watch() {
  clearTimeout(timer);
  if (document.hidden || !("active" in document.getElementById("recent").dataset)) {
    return;
  }
  timer = setTimeout(async () => {
    await refresh("recent");
    watch();
  }, POLL_MILLISECONDS);
}

watch();

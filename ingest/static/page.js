// What all pages share. The server alone turns jobs into HTML: a script that wants news fetches the page again.

document.documentElement.classList.add("js");

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Times in the reader's own zone and manner. */
export function localize(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.title = time.dateTime;
    time.textContent = LOCAL.format(new Date(time.dateTime));
  }
}

/** Fetch this page again and put its element `id` in place of the one that is here. Gives the new one, or null. */
export async function refresh(id) {
  let answer;
  try {
    answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-cache" });
  } catch {
    return null; // the server is away; whoever follows it tries again
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
  if (!answer.ok || !fresh) {
    return null;
  }
  localize(fresh);
  document.getElementById(id).replaceWith(fresh);
  return fresh;
}

localize(document);

// Follows one job by its event stream: progress is shown as it comes, and every transition fetches the page again.

import { refresh } from "/static/page.js";

const RETRY_MILLISECONDS = 2000;

function follow() {
  const job = document.getElementById("job");
  if (!("active" in job.dataset)) {
    return;
  }
  const source = new EventSource(job.dataset.events);
  source.addEventListener("snapshot", (event) => {
    const { state, progress } = JSON.parse(event.data);
    if (state === document.getElementById("job").dataset.state) {
      show(progress);
    } else {
      refresh("job");
    }
  });
  source.addEventListener("state", () => refresh("job"));
  source.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  source.addEventListener("end", () => source.close());
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(follow, RETRY_MILLISECONDS); // the browser gave up, for instance since the server was full
    }
  });
}

function show(progress) {
  const bar = document.getElementById("bar");
  if (!bar || !progress.stage) {
    return;
  }
  document.getElementById("stage").textContent = progress.stage;
  const done = progress.total ? `${+progress.done.toPrecision(6)} of ${+progress.total.toPrecision(6)} ${progress.unit}` : "";
  document.getElementById("amount").textContent = [done, progress.message].filter(Boolean).join(" · ");
  if (progress.fraction === null) {
    bar.removeAttribute("value");
  } else {
    bar.value = progress.fraction;
  }
}

follow();

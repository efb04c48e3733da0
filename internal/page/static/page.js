// What pages do better with script; all of them work without it.
"use strict";

// A wait is shown in seconds and counts down; the buttons of the form that has to wait open when it is over.
for (const wait of document.querySelectorAll("[data-wait]")) {
  const end = Date.now() + 1000 * Number(wait.dataset.wait);
  const buttons = document.querySelectorAll(`#${wait.dataset.opens} button`);
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (left === 0) {
      wait.hidden = true;
      buttons.forEach((button) => { button.disabled = false; });
      return;
    }
    wait.querySelector("[data-left]").textContent = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
    setTimeout(tick, 250);
  };
  buttons.forEach((button) => { button.disabled = true; });
  tick();
}

// A form that was sent is not sent again by a second press.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

// Only a browser with script can copy.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => navigator.clipboard.writeText(button.dataset.copy).then(() => {
    button.textContent = button.dataset.copied;
  }));
}

// A page that waits for something elsewhere, such as keys in a call, looks every two seconds how that stands, for as long as
// it can come. What was waited for sends the form; any other news is shown.
for (const form of document.querySelectorAll("[data-watch]")) {
  const { watch, state: shown, for: awaited, seconds, news } = form.dataset;
  const end = Date.now() + 1000 * Number(seconds);
  const look = async () => {
    try {
      if (!document.hidden) {
        const { state } = await (await fetch(watch)).json();
        if (state === awaited) return form.requestSubmit();
        if (state !== shown) return location.assign(news);
      }
    } catch {
      // The server is away for a moment; the next look may find it.
    }
    setTimeout(Date.now() < end ? look : () => location.assign(news), 2000);
  };
  setTimeout(look, 2000);
}

// A form that only carries something on to an app sends itself.
for (const form of document.querySelectorAll("[data-send]")) form.requestSubmit();

// What is typed narrows a list at once, as sending the form would.
for (const field of document.querySelectorAll("[data-find]")) {
  const rows = [...(document.getElementById(field.dataset.find)?.children ?? [])];
  const none = document.getElementById(field.dataset.find + "-none");
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    for (const row of rows) row.hidden = !words.every((word) => row.dataset.name.toLowerCase().includes(word));
    none.hidden = rows.some((row) => !row.hidden);
  });
}

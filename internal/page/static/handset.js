// Shows what comes to the phones while the page is open. Without script the page has a link to look again.
"use strict";

const every = 1500; // milliseconds

async function look() {
  const phones = document.getElementById("phones");
  // A call that is speaking is heard to its end: the page is brought up to date after it.
  const speaking = [...phones.querySelectorAll("audio")].some((audio) => !audio.paused && !audio.ended);
  if (document.hidden || speaking) return;
  const { changes } = await (await fetch("/handset/changes")).json();
  if (String(changes) === phones.dataset.changes) return;
  const html = await (await fetch(location.href)).text();
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("phones");
  if (!fresh) return;
  const focused = phones.contains(document.activeElement) && document.activeElement.id;
  phones.replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus();
  const news = document.getElementById("news");
  news.textContent = "";
  requestAnimationFrame(() => { news.textContent = news.dataset.news; });
}

async function watch() {
  try {
    await look();
  } catch {
    // The server is away for a moment; the next look may find it.
  }
  setTimeout(watch, every);
}
setTimeout(watch, every);

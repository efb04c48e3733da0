// The rules that every page is held to, beside those of axe. They give sentences about what is wrong, and nothing if all
// is well.

// stateOf names what the page is, so that the same page is looked at once.
const stateOf = () => [document.documentElement.lang, location.pathname.replace(/[0-9a-f-]{20,}|\b[a-z2-7]{26}\b|[A-Za-z0-9_-]{30,}/g, "…"), tidy(document.querySelector("h1")?.textContent).replace(/,.*/, "").replace(/\d+/, "0"),
  ...[...document.querySelectorAll("[role=alert]")].map((alert) => alert.id || "alert"),
  ...[...document.querySelectorAll("button, input, summary")].filter(shown).map((one) => one.name || spoken(one)).sort()].join(" | ");

// screenOf names a screen of the authenticator app, which stays at one address, with accounts of any name.
const screenOf = () => [document.documentElement.lang, tidy(document.querySelector("h1")?.textContent), ...[...document.querySelectorAll("h2, .say, .wrong")].filter(shown).map((one) => tidy(one.textContent)),
  ...[...document.querySelectorAll("button:not(.entry), input, summary")].filter(shown).map(spoken).sort(), document.querySelector(".entry") ? "entries" : ""].join(" | ");

const about = (element) => `${element.localName}${element.id ? "#" + element.id : ""} “${spoken(element).slice(0, 40)}”`;

// inSentence tells whether a link is part of a sentence, where a line is as high as it is.
const inSentence = (element) => {
  const block = element.closest("p, li, td, dd, aside, .hint, .say");
  if (!block) return false;
  const copy = block.cloneNode(true);
  copy.querySelectorAll("a, button").forEach((one) => one.remove());
  return /\p{L}{2}/u.test(copy.textContent);
};

const targets = () => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, audio")]
  .filter((one) => shown(one) && one.tabIndex >= 0 && !inSentence(one))
  .map((one) => ["radio", "checkbox"].includes(one.type) ? one.closest("label") ?? one : one);

const texts = function* () {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() && shown(element) && !element.closest(".hidden, option")) yield [walker.currentNode, element];
  }
};

// The least sizes in CSS pixels: a finger needs 44, reading 17; a hint may be 15, a tag 13.
const least = { target: 44, text: 17, hint: 15, tag: 13 };

// atFirst tells what is wrong with where the keyboard is on a page that has just come: at the first mistake, else at the
// one question of a card. Where codes are to be copied first, the question about them would take them out of sight.
const atFirst = () => {
  const fields = [...document.querySelectorAll("main input:not([type=hidden], [type=radio], [type=checkbox], [readonly]), main [aria-invalid=true]")].filter(shown);
  const wanted = fields.find((field) => field.ariaInvalid === "true") ?? (fields.length === 1 && document.querySelector("main.card") && !document.querySelector("main [role=alert], main .codes") ? fields[0] : null);
  return wanted && wanted !== document.activeElement ? `the keyboard is not at ${wanted.name || about(wanted)} but at ${about(document.activeElement)}` : "";
};

// luminance is that of a colour over what lies under it (WCAG 2.2, relative luminance).
const luminance = (...colours) => {
  const canvas = document.createElement("canvas").getContext("2d");
  for (const colour of colours) {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
  }
  const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((one) => one / 255).map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

// ring tells what is wrong with the sign that the keyboard is at something: it must be seen (WCAG 2.2, 2.4.7 and 1.4.11),
// and nothing may lie over what it is at (2.4.11).
const ring = () => {
  const at = document.activeElement;
  if (at === document.body || at.tabIndex < 0) return ""; // a heading that a screen reader is sent to
  const style = getComputedStyle(at);
  if (!at.matches(":focus-visible") || style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return `nobody sees that the keyboard is at ${about(at)}`;
  const grounds = [];
  for (let ground = at.parentElement; ground; ground = ground.parentElement) grounds.unshift(getComputedStyle(ground).backgroundColor);
  const [dark, light] = [luminance("#fff", ...grounds), luminance("#fff", ...grounds, style.outlineColor)].sort((x, y) => x - y);
  if ((light + 0.05) / (dark + 0.05) < 3) return `hardly anybody sees that the keyboard is at ${about(at)}`;
  const box = at.getBoundingClientRect();
  const met = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  if (!met || !(at.contains(met) || met.contains(at))) return `the keyboard is at ${about(at)}, which is out of sight`;
  return "";
};

// parts are the addresses of all that the page is made of, but photographs and sound.
const parts = () => [location.href.split("#")[0], ...[...document.querySelectorAll("link[href], script[src], img[src]")].map((one) => one.href ?? one.src)]
  .filter((address, i, all) => all.indexOf(address) === i && !/^data:|\.(png|wav)$/.test(address));

const faults = () => {
  const wrong = [];
  const root = document.documentElement;
  const headings = [...document.querySelectorAll("h1")].filter(shown);
  if (headings.length !== 1 || !tidy(headings[0].textContent)) wrong.push(`it has ${headings.length} headings of the first level`);
  if (!/.+ · .+/.test(document.title)) wrong.push(`its title is “${document.title}”`);
  if (!["en", "cy"].includes(root.lang)) wrong.push(`its language is “${root.lang}”`);
  if (document.querySelectorAll("main").length !== 1) wrong.push("it does not have one main part");
  if (document.querySelector("[style]:not(html), style, script:not([src])")) wrong.push("it has style or script inside");
  if (root.scrollWidth > root.clientWidth) {
    const widest = [...document.body.querySelectorAll("*")].sort((a, b) => b.getBoundingClientRect().right - a.getBoundingClientRect().right)[0];
    wrong.push(`it is ${root.scrollWidth} pixels wide in a window of ${root.clientWidth}, because of ${about(widest)}`);
  }
  for (const one of targets()) {
    const { width, height } = one.getBoundingClientRect();
    if (height < least.target - 0.5) wrong.push(`${about(one)} is ${Math.round(height)} pixels high`);
    if (width < least.target - 0.5) wrong.push(`${about(one)} is ${Math.round(width)} pixels wide`);
  }
  for (const [node, element] of texts()) {
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.right > innerWidth + 0.5 || box.left < -0.5) wrong.push(`“${tidy(node.data).slice(0, 40)}” reaches over the edge`);
    }
    const size = parseFloat(getComputedStyle(element).fontSize);
    const floor = element.closest(".tag") ? least.tag
      : element.closest(".hint, .small, .less, small, .say, .wrong, .foot, .demo, .list span, .needed, th, time, .quiet") ? least.hint : least.text;
    if (size < floor - 0.1) wrong.push(`“${tidy(node.data).slice(0, 40)}” is ${size} pixels small`);
  }
  const typed = "input:not([type=hidden], [type=radio], [type=checkbox]), select, textarea";
  for (const field of [...document.querySelectorAll(typed)].filter(shown)) {
    if (parseFloat(getComputedStyle(field).fontSize) < least.text) wrong.push(`${about(field)} has small letters`);
    if (!field.autocomplete && !field.name.startsWith("field-")) wrong.push(`the field ${field.name} has no autocomplete token`);
  }
  return [...new Set(wrong)];
};

// accessibility runs axe, which the window has brought along.
const accessibility = async (dark) => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, { resultTypes: ["violations"],
    runOnly: dark ? { type: "rule", values: ["color-contrast", "link-in-text-block"] } : { type: "tag", values: tags } });
  return found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html.slice(0, 160)).slice(0, 3).join("; ")}`);
};

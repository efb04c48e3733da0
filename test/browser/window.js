// What a window asks of its page. Every question brings these functions along and leaves nothing behind.

const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const words = () => tidy(document.body?.innerText); // there is no body for a moment while a page is loaded again

// shown tells whether somebody can see it. What is cut to a point is for screen readers only.
const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && getComputedStyle(element).clipPath === "none";

const fields = (name) => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
  .filter((field) => (field.name === name || field.autocomplete?.split(" ").includes(name)) && !field.readOnly && shown(field));
const unbound = (name) => { fields(name)[0].removeAttribute("maxlength"); return true; };
const fits = (name) => fields(name)[0].scrollWidth <= fields(name)[0].clientWidth;
const valueOf = (name) => fields(name)[0]?.value ?? "";

// spoken are the words of a button without those that are for screen readers only.
const spoken = (element) => {
  const copy = element.cloneNode(true);
  copy.querySelectorAll(".hidden").forEach((part) => part.remove());
  return tidy(copy.textContent) || tidy(element.ariaLabel); // an icon has a name and no words
};

// labelled is the field whose label begins with one of the candidates.
const labelled = (candidates) => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
  .filter(shown).find((field) => candidates.some((text) => tidy(field.labels?.[0]?.textContent).startsWith(text)));

const finders = {
  field: (name) => fields(name)[0],
  labelled,
  choice: (value) => {
    const box = [...document.querySelectorAll("input[type=radio], input[type=checkbox]")].find((input) => input.value === value);
    return box?.closest("label") ?? box;
  },
  // A button is found by all its words, those that are seen, or how it begins; the best match wins.
  pressable: (candidates) => {
    const all = [...document.querySelectorAll("button, a[href], summary")].filter(shown);
    for (const fits of [(e, t) => tidy(e.textContent) === t, (e, t) => spoken(e) === t, (e, t) => spoken(e).startsWith(t)]) {
      const found = all.find((element) => candidates.some((text) => fits(element, text)));
      if (found) return found;
    }
  },
  beside: ([row, words]) => [...document.querySelectorAll("li")].filter((item) => row.some((text) => tidy(item.textContent).includes(text)))
    .flatMap((item) => [...item.querySelectorAll("button, a[href]")]).find((element) => words.includes(spoken(element))),
};

// pick chooses an entry of a list, and tells whether there is one.
const pick = (value) => {
  const option = [...document.querySelectorAll("option")].find((one) => one.value === value);
  if (!option) return false;
  option.selected = true;
  option.closest("select").dispatchEvent(new Event("change", { bubbles: true }));
  return true;
};

// place brings something into sight and tells where it is, and whether a finger would meet it there.
const place = (how, which) => {
  const element = finders[how](which);
  if (!element) return { Trouble: "it is not there" };
  if (element.disabled) return { Trouble: "it is disabled" };
  element.scrollIntoView({ block: "center", behavior: "instant" });
  const box = element.getClientRects()[0];
  const at = { X: box.x + box.width / 2, Y: box.y + box.height / 2, Trouble: "" };
  const met = document.elementFromPoint(at.X, at.Y);
  if (!met || !(element.contains(met) || met.contains(element))) at.Trouble = "it is covered by " + (met?.outerHTML ?? "nothing").slice(0, 80);
  return at;
};

// read is the text of an element, seen or not, or one of its attributes.
const read = (selector, attribute) => {
  const element = document.querySelector(selector);
  return (attribute ? element?.getAttribute(attribute) : tidy(element?.textContent)) ?? "";
};

// focused names what the keyboard is at.
const focused = () => document.activeElement.name && document.activeElement.localName !== "button" ? document.activeElement.name
  : spoken(document.activeElement) || tidy(document.activeElement.labels?.[0]?.textContent);

// pictures are those of the page. Each is waited for where a reader would see it; one that does not come ends the story.
const pictures = async () => {
  const all = [];
  for (const picture of document.querySelectorAll("main img")) {
    picture.scrollIntoView({ block: "center", behavior: "instant" });
    await picture.decode();
    all.push({ Address: new URL(picture.src).pathname, Words: picture.alt, Width: Math.round(picture.getBoundingClientRect().width), Pixels: picture.naturalWidth });
  }
  return all;
};

const links = () => [...document.querySelectorAll("main a[href]")].map((link) => new URL(link.href).pathname);

// sound is how long and how loud the audio of the page is, once the player has all of it.
const sound = async () => {
  const audio = document.querySelector("audio");
  const bytes = await (await fetch(audio.currentSrc || audio.src)).arrayBuffer();
  const wave = await new OfflineAudioContext(1, 1, 8000).decodeAudioData(bytes);
  return { Seconds: wave.duration, Peak: wave.getChannelData(0).reduce((peak, one) => Math.max(peak, Math.abs(one)), 0) };
};

// frame is what a picture shows: the part that the selector names, or all below the bar of the demonstration.
const frame = (selector) => {
  scrollTo({ top: 0, behavior: "instant" });
  const box = document.querySelector(selector || "body").getBoundingClientRect();
  const top = selector ? box.top : Math.ceil(document.querySelector(".demo")?.getBoundingClientRect().bottom ?? 0);
  return { X: box.left, Y: top, Width: box.width, Height: box.bottom - top };
};

// pictured are the words of a picture, without what differs from one time to another: digits, times, months, what is closed.
const pictured = (...months) => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll("time, .demo, script, input[type=hidden], details:not([open]) > :not(summary)").forEach((one) => one.remove());
  return tidy(copy.textContent).replace(new RegExp(`\\d+ (${months.join("|")})`, "g"), "0 month").replace(/\d/g, "0");
};

// codes are those that the authenticator app shows.
const codes = () => [...document.querySelectorAll(".otp")].map((one) => one.textContent.replace(/\s/g, "")).filter(Boolean);
const nextCode = () => document.querySelector(".next")?.textContent.replace(/\D/g, "") ?? "";

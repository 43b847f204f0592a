/* Barriers that a page of the site must not have, after WCAG 2.2 AA; each as a line of text. */
const lightness = (c) => {
  const part = (x) => (x / 255 <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
};
const rgb = (text) => (text.match(/[\d.]+/g) || []).map(Number);
const solid = (c) => c.length === 3 || c[3] > 0.99;
function behind(element) {
  for (let x = element; x; x = x.parentElement) {
    const c = rgb(getComputedStyle(x).backgroundColor);
    if (c.length >= 3 && solid(c)) return c;
  }
  return [255, 255, 255];
}
function named(x) {
  const by = x.getAttribute("aria-labelledby");
  if (by) return by.split(" ").map((id) => x.ownerDocument.getElementById(id)?.textContent ?? "").join("");
  return x.getAttribute("aria-label") || (x.labels && [...x.labels].map((l) => l.textContent).join(""))
    || x.textContent.trim();
}
function audit(page) {
  const found = [], say = (what, x) => found.push(`${what}: ${x.outerHTML.slice(0, 120)}`);
  const visible = (x) => x.checkVisibility({ checkVisibilityCSS: true });
  if (!page.documentElement.lang) found.push("no language");
  if (!page.title.trim()) found.push("no title");
  for (const tag of ["main", "nav", "h1"]) {
    if (page.querySelectorAll(tag).length !== 1) found.push(`not one ${tag}`);
  }
  const ids = [...page.querySelectorAll("[id]")].map((x) => x.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => found.push(`id twice: ${id}`));
  for (const x of page.querySelectorAll("[aria-labelledby], [aria-describedby], label[for]")) {
    for (const name of ["aria-labelledby", "aria-describedby", "for"]) {
      (x.getAttribute(name) || "").split(" ").filter(Boolean)
        .forEach((id) => { if (!page.getElementById(id)) say(`no ${id}`, x); });
    }
  }
  for (const x of page.querySelectorAll("a[href], button, input, select, summary, [role=button], [role=region], section[aria-labelledby], dialog, [tabindex]")) {
    if (!named(x)) say("no name", x);
    if (x.tabIndex > 0) say("its own tab order", x);
  }
  for (const x of page.querySelectorAll("[role=button], [role=img], button")) {
    if (x.querySelector("a[href], button, [tabindex]")) say("controls within a control", x);
  }
  const regions = [...page.querySelectorAll("[role=region], section[aria-labelledby], nav")].map(named);
  regions.filter((name, i) => regions.indexOf(name) !== i).forEach((name) => found.push(`region twice: ${name}`));
  let level = 1;
  for (const x of page.querySelectorAll("h1, h2, h3, h4")) {
    if (!visible(x)) continue;
    if (Number(x.tagName[1]) > level + 1) say("a heading is skipped", x);
    level = Number(x.tagName[1]);
  }
  for (const x of page.querySelectorAll("table")) {
    if (!x.querySelector("th[scope]")) say("no scope", x);
    x.querySelectorAll("th").forEach((h) => { if (!h.textContent.trim()) say("empty head", h); });
  }
  for (const x of page.querySelectorAll("ul, ol")) {
    if ([...x.children].some((c) => c.tagName !== "LI")) say("no list item", x);
  }
  for (const x of page.querySelectorAll("a, button, select, input, summary, .press")) {
    const box = x.getBoundingClientRect();
    const inline = ["a", "A"].includes(x.tagName) || x.tagName === "SUMMARY";
    if (visible(x) && !inline && (box.height < 23.5 || box.width < 23.5) && !x.matches(".press, th button")) say("small target", x);
  }
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const x = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !x || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(x.tagName) || !visible(x)) continue;
    const style = getComputedStyle(x), ink = rgb(x.closest("svg") ? style.fill : style.color), under = behind(x);
    const [a, b] = [lightness(ink), lightness(under)], ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5 && !x.closest(":disabled")) say(`contrast ${ratio.toFixed(2)} of "${walker.currentNode.data.trim().slice(0, 30)}"`, x);
  }
  return found;
}

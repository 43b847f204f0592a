/* On every page: colours, sorting, searching, copying. */
"use strict";
(() => {
  const KEY = "evidence-theme", WORDS = { "": "as the system", light: "light", dark: "dark" };
  const root = document.documentElement;
  const remembered = () => { try { return localStorage.getItem(KEY) || ""; } catch { return ""; } };
  const remember = (value) => { try { localStorage.setItem(KEY, value); } catch { /* for this page only */ } };
  const show = (value) => { if (value in WORDS && value) root.dataset.theme = value; else delete root.dataset.theme; };
  show(remembered());

  function colours() {
    const button = document.getElementById("theme"), order = Object.keys(WORDS);
    const say = () => { button.textContent = `Colours: ${WORDS[root.dataset.theme || ""]}`; };
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = order[(order.indexOf(root.dataset.theme || "") + 1) % order.length];
      show(next);
      remember(next);
      say();
    });
    say();
  }

  // Sorting keeps the order of equals; rows without a number come last either way.
  function sortable(table) {
    const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
    const original = [...body.rows];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const next = { none: "ascending", ascending: "descending", descending: "none" }[head.getAttribute("aria-sort")];
        heads.forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", next);
        const sign = next === "descending" ? -1 : 1, numeric = head.dataset.kind === "number";
        const value = (row) => {
          const cell = row.cells[column], text = cell.dataset.sort ?? cell.textContent.trim();
          return numeric ? (text === "" ? NaN : Number(text)) : text;
        };
        const rows = next === "none" ? original : [...original].sort((a, b) => {
          const [x, y] = [value(a), value(b)];
          if (!numeric) return sign * x.localeCompare(y, "en");
          if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
          return sign * (x - y);
        });
        body.append(...rows);
      });
    });
  }

  // Every word that was typed must stand in the row.
  function searchable(input) {
    const rows = [...document.getElementById(input.dataset.filter).tBodies[0].rows];
    const told = document.getElementById(`count-${input.dataset.filter}`);
    const texts = rows.map((row) => row.textContent.toLowerCase());
    input.closest(".finder").hidden = false;
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      rows.forEach((row, i) => {
        row.hidden = !words.every((word) => texts[i].includes(word));
        count += row.hidden ? 0 : 1;
      });
      told.textContent = words.length ? `${count} of ${rows.length}` : "";
    });
  }

  // Pages opened as files, and older browsers, have no clipboard to write to: there the text is
  // selected and copied as a reader would do it.
  async function copied(target) {
    try {
      await navigator.clipboard.writeText(target.textContent);
      return true;
    } catch {
      const range = document.createRange(), selection = getSelection();
      range.selectNodeContents(target);
      selection.removeAllRanges();
      selection.addRange(range);
      return document.execCommand("copy");
    }
  }

  function copying(button) {
    const told = button.closest(".cite-form").querySelector(".copied");
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copied(document.getElementById(button.dataset.copy));
      told.textContent = done ? "Copied" : "Selected: copy it with your keys";
    });
  }

  // A link to a fold opens it.
  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches("details.cite-this")) target.open = true;
  }

  document.addEventListener("DOMContentLoaded", () => {
    unfold();
    addEventListener("hashchange", unfold);
    colours();
    document.querySelectorAll("button.copy").forEach(copying);
    document.querySelectorAll("table.sortable").forEach(sortable);
    document.querySelectorAll("input[data-filter]").forEach(searchable);
  });
})();

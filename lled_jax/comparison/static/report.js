"use strict";
// Tables sort by a click on a heading.  Without this script they are in file order.
const order = new Intl.Collator(undefined, { numeric: true });

const key = (row, column) => {
  const cell = row.cells[column];
  const number = cell.dataset.value;
  return number === undefined ? cell.textContent : Number(number);
};

const compare = (a, b) => {
  // Words, as the dash of a missing score, come after numbers.
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return typeof a === "number" ? a - b : order.compare(a, b);
};

const sort = (heading) => {
  const body = heading.closest("table").tBodies[0];
  const first = heading.classList.contains("n") ? "descending" : "ascending";
  const other = first === "ascending" ? "descending" : "ascending";
  const wanted = heading.getAttribute("aria-sort") === first ? other : first;
  for (const cell of heading.parentNode.cells) cell.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", wanted);
  const sign = wanted === "ascending" ? 1 : -1;
  const rows = [...body.rows].map((row) => [key(row, heading.cellIndex), row]);
  rows.sort(([a], [b]) =>
    typeof a === typeof b ? sign * compare(a, b) : compare(a, b),
  );
  body.append(...rows.map(([, row]) => row));
};

for (const heading of document.querySelectorAll("thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => sort(heading));
}

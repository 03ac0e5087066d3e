
const table = document.getElementById("table");
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
heads.forEach((head, index) => {
  head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const sign = down ? -1 : 1;
    const value = (row) => row.cells[index].dataset.value;
    const number = (text) => (text === "" ? NaN : Number(text));
    const compare = (one, other) => {
      const a = number(value(one));
      const b = number(value(other));
      if (!Number.isNaN(a) && !Number.isNaN(b)) return sign * (a - b);
      if (Number.isNaN(a) !== Number.isNaN(b)) return Number.isNaN(a) ? 1 : -1;
      return sign * value(one).localeCompare(value(other));
    };
    [...body.rows].sort(compare).forEach((row) => body.append(row));
  });
});

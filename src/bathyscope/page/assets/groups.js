// Which maps stand together on one scale: of the same quantity, about the same prompt or answer.

/** @typedef {import("./data.js").MapData} MapData */

/**
 * Maps in groups, in order. A quantity with bounds has one scale whatever it is about; of any other,
 * only maps that are about the same thing are compared by their colours.
 * @param {MapData[]} maps
 * @returns {MapData[][]}
 */
export function groupsOf(maps) {
  /** @type {MapData[][]} */
  const groups = [];
  for (const map of maps) {
    const kin = groups.filter((group) => group.some((other) => belong(map, other)));
    const together = [...kin.flat(), map];
    const place = kin.length ? groups.indexOf(kin[0]) : groups.length;
    groups.splice(place, 1, together);
    for (const other of kin.slice(1)) groups.splice(groups.indexOf(other), 1);
  }
  return groups;
}

/** @param {MapData} a @param {MapData} b */
function belong(a, b) {
  const same = JSON.stringify([a.kind, a.quantity]) === JSON.stringify([b.kind, b.quantity]);
  const related = a.quantity.bounds !== null || a.about.some((one) => b.about.includes(one));
  return same && related;
}

/**
 * What each group is called in an address: its kind, and a number where there are several.
 * @param {MapData[][]} groups
 */
export function namesOf(groups) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  return groups.map(([{ kind }]) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count > 1 ? `${kind}-${count}` : kind;
  });
}

// Light, dark, or what the system says; and the colours that style sheets decide.

/** @typedef {import("./frame.js").Inks} Inks */

const systemDark = matchMedia("(prefers-color-scheme: dark)");

/**
 * @param {string} theme "auto", "light" or "dark"
 */
export function isDark(theme) {
  return theme === "auto" ? systemDark.matches : theme === "dark";
}

/** @param {string} theme */
export function applyTheme(theme) {
  document.documentElement.dataset.theme = isDark(theme) ? "dark" : "light";
}

/** @param {() => void} listener told when the system's colours change */
export function onSystemTheme(listener) {
  systemDark.addEventListener("change", listener);
  matchMedia("(forced-colors: active)").addEventListener("change", listener);
}

/**
 * The style sheet's colours, as a canvas takes them.
 * @returns {Inks}
 */
export function inksOf() {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"),
    muted: colour("muted"),
    line: colour("line"),
    accent: colour("accent"),
    card: colour("card"),
  };
}

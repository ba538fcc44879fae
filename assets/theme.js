// The colour scheme: the browser's own wish, or what was chosen here before. Runs before anything is painted, so that nothing flashes.
(function () {
  "use strict";
  const KEY = "spc_theme";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try { return localStorage.getItem(KEY) || ""; } catch (_) { return ""; }
  }

  function show(name) {
    const root = document.documentElement;
    root.dataset.theme = name;
    root.setAttribute("data-mantine-color-scheme", name);
    document.cookie = KEY + "=" + name + "; path=/; max-age=31536000; samesite=strict"; // so that the server draws in these colours
  }

  window.spcTheme = {
    now: () => document.documentElement.dataset.theme,
    set: function (name) {
      try { localStorage.setItem(KEY, name); } catch (_) { /* private window: not remembered */ }
      show(name);
    },
    follow: function (changed) {
      dark.addEventListener("change", function () {
        if (!chosen()) { const before = window.spcTheme.palette(); show(dark.matches ? "dark" : "light"); changed(before); }
      });
    },
    palette: function () {
      const names = ["ground", "surface", "text", "quiet", "rule", "edge", "series", "limit",
        "critical", "high", "medium", "low", "selection", "on-fill"];
      const style = getComputedStyle(document.documentElement);
      return names.map((name) => style.getPropertyValue("--" + name).trim().toUpperCase());
    },
  };
  show(chosen() || (dark.matches ? "dark" : "light"));
})();

(function () {
  var root = document.documentElement;
  var named = { "#dark": "dark", "#light": "light" }[location.hash];
  if (named) root.setAttribute("data-theme", named);
  document.addEventListener("DOMContentLoaded", function () {
    var button = document.getElementById("theme");
    button.hidden = false;
    button.addEventListener("click", function () {
      var dark = root.getAttribute("data-theme");
      if (!dark) dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      root.setAttribute("data-theme", dark === "dark" ? "light" : "dark");
    });
  });
})();

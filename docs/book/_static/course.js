// What the theme leaves out for those who use a keyboard or a screen reader.
document.querySelectorAll(".bd-sidebar-primary").forEach((sidebar) => {
  sidebar.setAttribute("role", "navigation");
  sidebar.setAttribute("aria-label", "Book");
});
document.querySelectorAll("div.highlight pre, .pst-scrollable-table-container, .claim").forEach((box) => {
  if (box.scrollWidth > box.clientWidth) {
    box.setAttribute("tabindex", "0");
  }
});

// Sliders over frames that were drawn beforehand.
document.querySelectorAll("figure.frames").forEach((figure) => {
  const inputs = [...figure.querySelectorAll("input")];
  const move = () => {
    inputs.forEach((input) => {
      const value = JSON.parse(input.dataset.values)[input.value];
      input.nextElementSibling.textContent = value;
      input.setAttribute("aria-valuetext", value);
    });
    figure.querySelector("img").src = `${figure.dataset.place}/${inputs.map((input) => input.value).join("_")}.webp`;
  };
  inputs.forEach((input) => input.addEventListener("input", move));
});

// The table of all claims, by verdict.
const filter = document.getElementById("claim-filter");
if (filter) {
  const rows = [...document.querySelectorAll("main table tbody tr")];
  const verdict = (row) => row.lastElementChild.textContent.trim();
  const choices = ["every verdict", ...new Set(rows.map(verdict))];
  const label = document.createElement("label");
  const select = document.createElement("select");
  choices.forEach((choice) => select.add(new Option(choice)));
  select.addEventListener("change", () => {
    rows.forEach((row) => { row.hidden = select.selectedIndex > 0 && verdict(row) !== select.value; });
    document.querySelectorAll("main section section").forEach((section) => {
      section.hidden = !section.querySelector("tbody tr:not([hidden])");
    });
  });
  label.append("Show ", select);
  filter.append(label);
}

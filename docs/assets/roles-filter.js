// Filter box for the table on "Roles that count"; the page is complete without it.
(() => {
  const id = "roles-filter";
  const start = () => {
    const table = [...document.querySelectorAll("article table")].find(
      (t) => t.tHead?.textContent.includes("Role ID"));
    if (!table || document.getElementById(id)) return;
    const rows = [...table.tBodies[0].rows];
    const make = (tag, props) => Object.assign(document.createElement(tag), props);
    const input = make("input", { id, type: "search", className: "md-input", autocomplete: "off" });
    const count = make("span");
    count.setAttribute("role", "status");
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      count.textContent = ` ${shown} of ${rows.length} roles`;
    };
    input.oninput = filter;
    input.onkeydown = (event) => {
      if (event.key !== "Escape") return;
      input.value = "";
      filter();
    };
    filter();
    const box = make("p");
    box.append(make("label", { htmlFor: id, textContent: "Filter by name or ID, or by words such as “yes” and “can be”: " }), input, count);
    (table.closest(".md-typeset__scrollwrap") || table).before(box);
  };
  if (window.document$) document$.subscribe(start);
  else document.addEventListener("DOMContentLoaded", start);
})();

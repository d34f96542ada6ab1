const find = document.getElementById("find");
if (find) {
  const rows = [...document.querySelectorAll(".row")];
  const texts = rows.map((row) => row.querySelector("summary").textContent.toLowerCase());
  const buttons = [...document.querySelectorAll("[data-show]")];
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = buttons.filter((b) => b.ariaPressed === "true").map((b) => b.dataset.show);
    let count = 0;
    rows.forEach((row, i) => {
      const section = row.parentElement;
      const fits = (!shown.length || shown.some((s) => section.classList.contains(s))) &&
        words.every((word) => texts[i].includes(word));
      row.hidden = !fits;
      count += fits;
    });
    document.querySelectorAll("section").forEach((section) => {
      section.hidden = !section.querySelector(".row:not([hidden])");
    });
    const all = count === rows.length;
    document.getElementById("found").textContent = all ? "" : `${count} of ${rows.length} accounts`;
  };
  find.addEventListener("input", filter);
  buttons.forEach((button) => button.addEventListener("click", () => {
    button.ariaPressed = button.ariaPressed === "true" ? "false" : "true";
    filter();
  }));
  document.querySelector(".tools").hidden = false;
}
if (navigator.clipboard) {
  document.querySelectorAll(".copy").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.previousElementSibling.textContent);
      button.textContent = "Copied";
    });
  });
}
addEventListener("beforeprint", () => document.querySelectorAll(".row").forEach((r) => { r.open = true; }));

const box = document.getElementById("filter");
const fold = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/ı/g, "i");
const rows = [...document.querySelectorAll(".reports > li")].map(row => {
  const group = row.closest(".group"), period = row.closest(".period");
  const text = [row, group.querySelector("h3"), period.querySelector("h2")].map(part => part.textContent).join(" ");
  return {row, text: fold(text)};
});
box.addEventListener("input", () => {
  const words = fold(box.value).split(/\s+/).filter(Boolean);
  for (const {row, text} of rows) row.hidden = !words.every(word => text.includes(word));
  for (const part of document.querySelectorAll(".group, .period")) part.hidden = !part.querySelector(".reports > li:not([hidden])");
  const left = rows.filter(({row}) => !row.hidden).length;
  document.getElementById("matches").textContent = words.length ? `${left} / ${rows.length}` : "";
});
box.closest("p").hidden = false;

// The page: a form from /api/styles, one call to /api/generate, a player that names the chords.

const form = document.getElementById("wishes");
const state = document.getElementById("state");
const player = document.getElementById("player");
let styles = [];
let chords = [];

function say(text, isFault = false) {
  state.textContent = text;
  state.classList.toggle("fault", isFault);
}

function option(value, text) {
  const element = document.createElement("option");
  element.value = value;
  element.textContent = text;
  return element;
}

function offer(select, names) {
  select.replaceChildren(option("", "any that suits"), ...names.map((name) => option(name, name)));
}

function showStyle() {
  const style = styles.find((each) => each.name === form.elements.style.value);
  document.getElementById("style-description").textContent = style.description;
  form.elements.tempo.placeholder = `${style.tempo.default}, at home between ${style.tempo.low} and ${style.tempo.high}`;
  offer(form.elements.key, style.keys);
  offer(form.elements.time_signature, style.time_signatures);
}

async function loadStyles() {
  const answer = await fetch("/api/styles");
  if (!answer.ok) throw new Error(`the styles cannot be read (${answer.status})`);
  ({ styles } = await answer.json());
  form.elements.style.replaceChildren(...styles.map((style) => option(style.name, style.name)));
  showStyle();
}

function wishes() {
  const { style, duration, tempo, key, time_signature, chords, energy, seed } = form.elements;
  const wish = { style: style.value, duration: duration.valueAsNumber };
  if (tempo.value) wish.tempo = tempo.valueAsNumber;
  if (key.value) wish.key = key.value;
  if (time_signature.value) wish.time_signature = time_signature.value;
  if (chords.value.trim()) wish.chords = chords.value;
  if (energy.value) wish.energy = energy.valueAsNumber;
  if (seed.value) wish.seed = seed.valueAsNumber;
  return wish;
}

function showPiece(piece) {
  document.getElementById("piece").hidden = false;
  document.getElementById("piece-title").textContent = piece.message;
  document.getElementById("audio-link").href = `${piece.download_url}?download=1`;
  document.getElementById("midi-link").href = `${piece.midi_url}?download=1`;
  const facts = {
    Seed: piece.seed,
    Bars: `${piece.bars} in ${piece.time_signature}`,
    Form: piece.sections.map((section) => section.name).join(", "),
    Made: `in ${piece.generation_seconds.toFixed(1)} s`,
  };
  const rows = Object.entries(facts).flatMap(([name, value]) => {
    const [term, detail] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    detail.textContent = value;
    return [term, detail];
  });
  document.getElementById("facts").replaceChildren(...rows);
  chords = piece.chords;
  player.src = piece.download_url;
  player.play().catch(() => say("Press play to listen."));
}

async function makeMusic(event) {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  say("Composing and playing …");
  try {
    const answer = await fetch("/api/generate", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wishes()),
    });
    const piece = await answer.json();
    if (!answer.ok) throw new Error(piece.error);
    say("");
    showPiece(piece);
  } catch (error) {
    say(`No music: ${error.message}`, true);
  } finally {
    button.disabled = false;
  }
}

player.addEventListener("timeupdate", () => {
  const now = player.currentTime;
  const chord = chords.find(([start, end]) => start <= now && now < end);
  document.getElementById("chord").textContent = chord ? chord[2] : "";
});
form.elements.style.addEventListener("change", showStyle);
form.addEventListener("submit", makeMusic);
loadStyles().catch((error) => say(error.message, true));

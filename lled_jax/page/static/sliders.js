// The sliders of the look, those that the page has.

const percent = (value) => `${Math.round(value * 100)} %`;
const WORDS = {
  strength: percent,
  exposure: (value) => `${value > 0 ? "+" : ""}${value.toFixed(1)} stops`,
  saturation: percent,
  denoise: (value) => (value ? percent(value) : "off"),
};
const sliders = Object.keys(WORDS).map((id) => document.getElementById(id)).filter(Boolean);

export const sliderValues = () =>
  Object.fromEntries(sliders.map(({ id, valueAsNumber }) => [id, valueAsNumber]));

export function describeSliders() {
  for (const slider of sliders) {
    const text = WORDS[slider.id](slider.valueAsNumber);
    slider.parentElement.querySelector("output").value = text;
    slider.setAttribute("aria-valuetext", text);
  }
}

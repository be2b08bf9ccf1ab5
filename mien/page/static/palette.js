/** Colours of the labels: told apart with every common kind of colour blindness, and never without their text. */

const KNOWN = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt"];

/**
 * Name of a label's colour, as in the style sheet: `data-color` of an element, or `--color-NAME`.
 * @param {string} label @param {string[]} labels all of the bundle
 */
export function colorName(label, labels) {
  return KNOWN.includes(label) ? label : KNOWN[Math.max(0, labels.indexOf(label)) % KNOWN.length];
}

/**
 * Value of a colour of the style sheet where an element stands.
 * @param {Element} element @param {string} name
 */
export const colorValue = (element, name) => getComputedStyle(element).getPropertyValue(`--${name}`).trim();

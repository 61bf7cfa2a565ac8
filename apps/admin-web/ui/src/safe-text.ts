/**
 * Texts of mail and of people, as they may be shown: nothing in them passes for something else (hardening of names that look alike).
 */

/** Turn the direction of what follows, also of what is not theirs (Unicode §23.3, bidirectional controls). */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** What nobody sees, and what a page would not show: controls but tabs and ends of lines, and letters without width. */
const UNSEEN =
  /[\u00ad\u115f\u1160\u180e\u200b\u2028\u2029\u2060-\u2064\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]|[^\P{Cc}\t\n\r]/gu;
/** Letters of some scripts need them (Unicode §23.2); between others they hide. */
const JOINERS = /(?<!\ufe0f|[\p{Script=Arabic}\p{M}\p{So}])[\u200c\u200d]/gu;
const SHOWN = '\ufffd';
/** A host name in which something is not ASCII, after `@` or alone. */
const HOST = /[\p{L}\p{N}\p{M}-]+(?:\.[\p{L}\p{N}\p{M}-]+)+/gu;

const SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Hebrew}/u,
  /\p{Script=Arabic}/u,
  /\p{Script=Thai}/u,
  /\p{Script=Devanagari}/u,
  /\p{Script=Hangul}/u,
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}]/u,
] as const;
/** All of these letters look like Latin ones: a name of them alone passes for another (UTS #39 §4). */
const LOOKS_LATIN = /^[аесорхуіјѕԁԛԝһӏαοινρκτγ\d-]+$/u;

/**
 * Host names whose letters are of several scripts, or pass for others, in A-labels; directions are not turned, and what is not seen can be
 * seen (U+FFFD).
 */
export function safeText(text: string): string {
  return text
    .replace(BIDI, '')
    .replace(UNSEEN, SHOWN)
    .replace(JOINERS, SHOWN)
    .replace(HOST, (host) => (isDeceptive(host) ? toAscii(host) : host));
}

function isDeceptive(host: string): boolean {
  return host.split('.').some((label) => {
    if (/^[\x20-\x7e]*$/.test(label)) return false;
    const scripts = SCRIPTS.filter((script) => script.test(label));
    return scripts.length !== 1 || LOOKS_LATIN.test(label.toLowerCase());
  });
}

function toAscii(host: string): string {
  try {
    return new URL(`https://${host}`).hostname;
  } catch {
    return host.replace(/[^\x20-\x7e]/g, SHOWN);
  }
}

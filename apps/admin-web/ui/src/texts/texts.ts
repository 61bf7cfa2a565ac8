import { en, type Texts } from './en.ts';

/** In what pages can be read, by its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;

/** Where a person's choice is kept: in this browser. */
const KEY = 'postel-language';
/** English comes with the page, others when somebody reads them. */
const CATALOGUES: Record<Language, () => Promise<Texts>> = {
  en: async () => en,
  de: async () => (await import('./de.ts')).de,
};

const loaded = new Map<Language, Texts>([['en', en]]);

/** What pages say, in the language that holds at the moment. */
export let t: Texts = en;
let current: Language = 'en';

const isLanguage = (text: string): text is Language => Object.hasOwn(LANGUAGES, text);

/** What a person has chosen; else the first language of their browser that there is. */
export function chosenLanguage(): Language {
  const stored = localStorage.getItem(KEY) ?? '';
  if (isLanguage(stored)) return stored;
  const languages = navigator.languages.map((tag) => tag.toLowerCase().split('-', 1)[0] ?? '');
  return languages.find(isLanguage) ?? 'en';
}

/** Loads the catalogue of a language; without it English is spoken. @returns whether it is there */
export async function loadLanguage(language: Language): Promise<boolean> {
  try {
    loaded.set(language, await CATALOGUES[language]());
    return true;
  } catch {
    return false; // the server is away, or was renewed
  }
}

/** Keeps what a person has chosen, and loads it. @returns whether it can be spoken */
export async function chooseLanguage(language: Language): Promise<boolean> {
  if (!(await loadLanguage(language))) return false;
  localStorage.setItem(KEY, language);
  return true;
}

/** From now on pages say things in this language, if it was loaded. */
export function speak(language: Language): void {
  const texts = loaded.get(language);
  current = texts === undefined ? 'en' : language;
  t = texts ?? en;
  document.documentElement.lang = current;
}

/** For numbers and dates: as the browser's own, with its region, if that is of the language that is spoken. */
export function currentLocale(): string {
  return navigator.languages.find((tag) => tag.toLowerCase().split('-', 1)[0] === current) ?? current;
}

/** What was refused, in the language that is spoken; in the server's words where there are no others. */
export function problemText(kind: string, detail: string): string {
  const problems: Partial<Record<string, string>> = t.problems;
  return (Object.hasOwn(problems, kind) ? problems[kind] : undefined) ?? detail;
}

import { useState } from 'preact/hooks';
import { announce } from '../events.ts';
import { chooseLanguage, chosenLanguage, LANGUAGES, type Language, t } from '../texts/texts.ts';
import { chooseTheme, chosenTheme, type Theme } from '../theme.ts';
import { Select } from './basics.tsx';

const THEMES = ['system', 'light', 'dark'] as const satisfies readonly Theme[];

/** Light or dark, in this browser. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(chosenTheme());
  const change = (text: string) => {
    const chosen = THEMES.find((each) => each === text) ?? 'system';
    chooseTheme(chosen);
    setTheme(chosen);
  };
  const options = THEMES.map((each) => [each, t.page.colourNames[each]] as const);
  return <Select label={t.page.colours} value={theme} options={options} onValue={change} />;
}

const CODES: readonly Language[] = ['en', 'de'];

/** In what a person reads these pages, in this browser. */
export function LanguageSwitch() {
  const change = async (text: string) => {
    const chosen = CODES.find((each) => each === text);
    if (chosen === undefined) return;
    if (await chooseLanguage(chosen)) announce('language');
    else announce('away');
  };
  const options = CODES.map((each) => [each, LANGUAGES[each]] as const);
  return <Select label={t.page.language} value={chosenLanguage()} options={options} onValue={change} />;
}

import { render } from 'preact';
import { App } from './app.tsx';
import { chosenLanguage, loadLanguage } from './texts/texts.ts';
import { applyTheme } from './theme.ts';

applyTheme();
const root = document.getElementById('app');
await loadLanguage(chosenLanguage());
if (root !== null) render(<App />, root);

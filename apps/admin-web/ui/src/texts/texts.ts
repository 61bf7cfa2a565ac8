import { en, type Texts } from './en.ts';

/** What pages say, in the language that holds at the moment. */
export const t: Texts = en;

import { parseYaml } from '@postel/config';
import { declaredState } from './declared-state.ts';

/** How the directory is to be, of a text as `config dump` writes it; or every problem with it. */
export const readDeclarationText = (text: string) => parseYaml(text, declaredState);

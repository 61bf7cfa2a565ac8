import { selectCommand } from '../open-selected.ts';

export const examine = selectCommand('EXAMINE');

import { selectCommand } from '../open-selected.ts';

export const select = selectCommand('SELECT');

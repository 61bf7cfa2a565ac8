import { formatTable } from './format-table.ts';
import type { Terminal } from './terminal.ts';

/** How a list is said: as a table for people, or a JSON object a line for programs. */
export interface RowsForm<Item> {
  readonly asJson: boolean;
  readonly header: readonly string[];
  row(item: Item): readonly string[];
}

export function sayRows<Item>(
  terminal: Terminal,
  items: readonly Item[],
  { asJson, header, row }: RowsForm<Item>,
): void {
  if (asJson) for (const item of items) terminal.say(JSON.stringify(item));
  else terminal.say(items.length === 0 ? 'None.' : formatTable([header, ...items.map(row)]));
}

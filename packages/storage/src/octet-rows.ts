import type { Client } from './connection.ts';
import { numberArray } from './sql-arrays.ts';

/** A row of bytea columns. */
export type OctetRow = readonly (Buffer | null)[];

/** Numbers only: `inBinary` puts them into the text of the statement. */
export type OctetRowValue = number | readonly number[];

/**
 * Two ways to read rows of which every column is bytea; the driver knows none that is both prepared and in binary.
 *
 * - `prepared`: the statement is planned once, but octets cross as hexadecimal text, made there and undone here.
 * - `inBinary`: octets cross as they are, but the statement is planned each time, which costs as much as 40 kB in hexadecimal.
 */
export const octetRows = {
  async prepared(client: Client, text: string, values: readonly OctetRowValue[]): Promise<readonly OctetRow[]> {
    const parameters = values.map((value) => (typeof value === 'number' ? value : numberArray(value)));
    const rows: readonly OctetRow[] = await client.unsafe(text, parameters, { prepare: true }).raw();
    return rows.map((row) => row.map(fromHexadecimal));
  },

  /** Only a cursor gives binary columns to a simple query; it lives in the transaction that the two statements make. */
  async inBinary(client: Client, text: string, values: readonly OctetRowValue[]): Promise<readonly OctetRow[]> {
    const select = text.replace(/\$(\d+)/g, (_, place) => literal(values[Number(place) - 1]));
    const rows: OctetRow[] = [];
    await client
      .unsafe(`declare octet_rows no scroll binary cursor for ${select}; fetch all from octet_rows`)
      .simple()
      .raw()
      .forEach((row) => {
        rows.push(row);
      });
    return rows;
  },
} as const;

function literal(value: OctetRowValue | undefined): string {
  const numbers = typeof value === 'number' ? [value] : (value ?? []);
  if (!numbers.every(Number.isSafeInteger)) throw new RangeError('a statement in binary takes whole numbers');
  return typeof value === 'number' ? String(value) : `'${numberArray(numbers)}'`;
}

/** As the server writes bytea: `\x`, then the digits. */
function fromHexadecimal(text: Buffer | null): Buffer | null {
  return text === null ? null : Buffer.from(text.toString('latin1', 2), 'hex');
}

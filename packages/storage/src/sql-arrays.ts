/**
 * Array and multirange parameters as Postgres reads them. The pool does not ask the server for its array types at connect,
 * so arrays go as text, with a cast in the statement.
 */

export const numberArray = (values: Iterable<number>): string => `{${[...values].join(',')}}`;

export const textArray = (values: readonly (string | null)[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)).join(',')}}`;

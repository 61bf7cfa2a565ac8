/** `sts-ext-name`, and characters of a value: RFC 8461 §3.1. */
const FIELD = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([!-:<>-~]+)$/;
const ID = /^[A-Za-z0-9]{1,32}$/;

/**
 * The id of a domain's policy, by the TXT records of `_mta-sts`: RFC 8461 §3.1.
 *
 * @returns null unless there is one record, in order
 */
export function stsPolicyId(records: readonly string[]): string | null {
  const ours = records.filter((record) => /^v=STSv1[ \t]*;/.test(record));
  const [record] = ours;
  if (record === undefined || ours.length > 1) return null;
  const fields = record.split(';').map((field) => field.trim());
  if (fields.at(-1) === '') fields.pop();
  let id: string | null = null;
  for (const field of fields.slice(1)) {
    const [, name, value = ''] = FIELD.exec(field) ?? [];
    if (name === undefined) return null;
    // §3.2: of fields that stand twice, the first counts.
    if (name === 'id') id ??= value;
  }
  return id !== null && ID.test(id) ? id : null;
}

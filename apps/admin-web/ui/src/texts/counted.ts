/** The forms that a noun takes after a number; `#` is the number. English and German have these two (Unicode CLDR). */
interface Forms {
  readonly one: string;
  readonly other: string;
}

/** Says how many there are in a language: `1 message`, `2,000 messages`. */
export function countedIn(language: string): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (count, { one, other }) =>
    (rules.select(count) === 'one' ? one : other).replace('#', () => numbers.format(count));
}

/** A value in a response: a list, a string however it was sent, an atom or number as it stands, or NIL. */
export type ResponseValue = readonly ResponseValue[] | string | null;

const ATOM = /[^ ()"\r\n[\]]+(?:\[[^\]]*\](?:<\d+>)?)?/y;

/** Reads the list that begins at the first parenthesis. Characters are octets. */
export function readList(response: string): ResponseValue {
  let at = response.indexOf('(');
  if (at < 0) throw new Error(`no list in ${response}`);
  return value();

  function value(): ResponseValue {
    const first = response[at];
    if (first === '(') return list();
    if (first === '"') return quoted();
    const literal = /^\{(\d+)\}\r\n/.exec(response.slice(at, at + 20));
    if (literal !== null) {
      const start = at + literal[0].length;
      at = start + Number(literal[1]);
      return response.slice(start, at);
    }
    ATOM.lastIndex = at;
    const atom = ATOM.exec(response)?.[0];
    if (atom === undefined) throw new Error(`no value at ${at} of ${response}`);
    at += atom.length;
    return atom.toUpperCase() === 'NIL' ? null : atom;
  }

  function list(): ResponseValue {
    const values: ResponseValue[] = [];
    at++;
    while (response[at] !== ')') {
      values.push(value());
      if (response[at] === ' ') at++;
    }
    at++;
    return values;
  }

  function quoted(): string {
    let text = '';
    for (at++; response[at] !== '"'; at++) {
      if (response[at] === '\\') at++;
      text += response[at];
    }
    at++;
    return text;
  }
}

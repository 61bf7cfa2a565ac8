import { describe, expect, test } from 'vitest';
import { parseContentType, parseDisposition } from './content-fields.ts';
import { decodeParameterValue, fileName } from './parameter-text.ts';

function value(parameters: string): string | null {
  return decodeParameterValue(parseContentType(`a/b; ${parameters}`)?.parameters ?? [], 'name');
}

describe('parameter values (RFC 2231)', () => {
  test.each([
    ['name=plain.txt', 'plain.txt'],
    ['NAME=plain.txt', 'plain.txt'],
    ["name*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", 'This is ***fun***'],
    [`name*0*=us-ascii'en'This%20is%20; name*1*=%2A%2A%2Afun; name*2=" isn't it!"`, "This is ***fun isn't it!"],
    ['name*0="one "; name*1=two', 'one two'],
    ['name*1=two; name*0=one', 'onetwo'],
    ["name*=UTF-8''%e2%82%ac.txt", '€.txt'],
    ["name*=iso-8859-1''%e4", 'ä'],
    ["name*=''%c3%a4", 'ä'], // no charset: UTF-8 if valid
    ["name*=x-unknown''%e4", 'ä'],
    ['name*=%c3%a4', 'ä'], // no quotes at all
    ["name*=utf-8'%c3%a4", "utf-8'ä"], // one
    ["name*=utf-8''50%25%zz%4", '50%%zz%4'],
    ["name*=utf-8''%e2%82", '\ufffd'],
    ["name*0*=utf-8''%e2; name*1*=%82; name*2*=%ac", '€'], // a character cut in three
    ["name=EUR.txt; name*=utf-8''%e2%82%ac.txt", '€.txt'],
    ['name="=?utf-8?Q?=E2=82=AC.txt?="', '€.txt'],
    ['name==?utf-8?Q?=E2=82=AC.txt?=', '€.txt'],
    ['name="\xc3\xa4.txt"', 'ä.txt'],
    ['name="\xe4.txt"', 'ä.txt'],
    ['other=x', null],
    ['name*1=x', null], // without a beginning
    ['__proto__=x; constructor=y', null],
  ])('%s', (parameters, decoded) => {
    expect(value(parameters)).toBe(decoded);
  });
});

describe('file names', () => {
  test.each([
    ['attachment; filename=one', 'a/b; name=two', 'one'],
    ['attachment; filename=""', 'a/b; name=two', 'two'],
    ['attachment', 'a/b; name=two', 'two'],
    [null, 'a/b; name=two', 'two'],
    ['attachment', 'a/b', null],
    ["attachment; filename=x; filename*=''y", 'a/b', 'y'],
  ])('%s, %s', (disposition, type, name) => {
    const parameters = parseContentType(type)?.parameters ?? [];
    expect(fileName({ parameters, disposition: disposition === null ? null : parseDisposition(disposition) })).toBe(
      name,
    );
  });
});

test('hardening 31: 100,000 parameters are read up to the limit', () => {
  const segments = Array.from({ length: 100_000 }, (_, index) => `name*${index}*=${index === 0 ? "utf-8''" : ''}%41`);
  expect(value(segments.join('; '))).toBe('A'.repeat(100));
  expect(value(`${segments.slice(1).join('; ')}; name*999999999*=x`)).toBeNull();
  expect(value('name*0=a; name*0=b; name*0*=c; name*2=d; name*999999999*=e')).toBe('a');
});

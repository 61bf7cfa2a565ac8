import { foldForSearch } from '@postel/mime';
import type { Sql } from './database.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { inSlices, MESSAGES_AND_TOMBSTONES, type SliceOptions } from './search-messages.ts';
import { numberArray, textArray } from './sql-arrays.ts';

/** A text to look for less strictly: its words in any order, inflected or misspelled. */
export interface FuzzyCriterion {
  readonly type: 'fuzzy';
  /** A header field, the body, or the body and all of the header. */
  readonly in: { readonly field: string } | 'body' | 'text';
  readonly text: string;
}

/** Messages, ascending, and how well each meets a fuzzy criterion, from 1 to 100. */
export interface ScoredMessages {
  readonly uids: Uint32Array;
  readonly scores: Uint8Array;
}

/** More words of one text are not looked for. */
const MOST_WORDS = 20;
/** A word may have an ending from here on, and a letter wrong from here on; longer ones are compared as they are. */
const INFLECTED_LENGTH = 5;
const MISSPELLED_LENGTH = 4;
const COMPARED_LENGTH = 30;
/** Of a word that has an ending, what stays. */
const STEM_SHARE = 0.65;

/** What a word is worth that is there as it is, with another ending, with a letter wrong. */
const WORTH = { exact: 1, stem: 0.8, misspelled: 0.6 } as const;
/** What is found in a body is worth so much of what is found in a header. */
const WORTH_OF_BODY = 0.9;
/** What the least likely message is worth. */
const LEAST_WORTH = 0.5;

/** The words of a text, folded, each once; none, if it is made of punctuation. */
export function fuzzyWords(text: string): readonly string[] {
  const words = foldForSearch(text).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return [...new Set(words)].slice(0, MOST_WORDS);
}

/** What words begin with that differ by their ending; '' for a word that is too short. */
function stemOf(word: string): string {
  const letters = [...word];
  if (letters.length < INFLECTED_LENGTH || letters.length > COMPARED_LENGTH) return '';
  return letters.slice(0, Math.ceil(letters.length * STEM_SHARE)).join('');
}

/**
 * A regular expression for words that begin with this one, had it one letter more, less or other, or two the other way round; ''
 * for a word that is too short. Letters and digits mean themselves in it.
 */
function misspellings(word: string): string {
  const letters = [...word];
  if (letters.length < MISSPELLED_LENGTH || letters.length > COMPARED_LENGTH) return '';
  const forms = letters.flatMap((letter, at) => {
    const [before, after] = [letters.slice(0, at).join(''), letters.slice(at + 1)];
    const [next = '', ...rest] = after;
    return [
      `${before}.${after.join('')}`,
      `${before}${after.join('')}`,
      `${before}.${letter}${after.join('')}`,
      `${before}${next}${letter}${rest.join('')}`,
    ];
  });
  return `\\m(?:${[...new Set(forms)].join('|')})`;
}

/**
 * Of the longest word the parts of which one is, as it is, in whatever has the word or one like it: what words with another
 * ending begin with, and what is before and behind the letters in the middle, for one wrong letter, or two the other way round,
 * leave one of these alone; but for those in the middle themselves, if there are two. None if there are no words.
 */
export function likelyParts(text: string): readonly string[] {
  const [longest] = fuzzyWords(text).toSorted((a, b) => b.length - a.length);
  if (longest === undefined) return [];
  const stem = stemOf(longest);
  const whole = stem === '' ? longest : stem;
  if (misspellings(longest) === '') return [whole];
  const letters = [...longest];
  const half = letters.length / 2;
  const [before, after] = [letters.slice(0, half), letters.slice(Math.ceil(half))];
  if (!Number.isInteger(half)) return [whole, before.join(''), after.join('')];
  const exchanged = [...before.slice(0, -1), after[0], before.at(-1), ...after.slice(1)];
  return [whole, before.join(''), after.join(''), exchanged.join('')];
}

/**
 * Finds the messages that have all the words, or some like them. Slice by slice, as `searchMessages`.
 *
 * @param uids ascending
 * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
 */
export async function scoreMessages(
  sql: Sql,
  account: AccountId,
  mailbox: MailboxId,
  uids: Uint32Array,
  { in: place, text }: FuzzyCriterion,
  options: SliceOptions,
): Promise<ScoredMessages> {
  const found = new Uint32Array(uids.length);
  const scores = new Uint8Array(uids.length);
  let count = 0;
  const words = fuzzyWords(text);
  const patterns = [words, words.map(stemOf), words.map(misspellings)].map(textArray);
  const statement = typeof place === 'string' ? STATEMENTS[place] : STATEMENTS.field;
  const field = typeof place === 'string' ? [] : [`${foldForSearch(place.field).trim()}:`];
  const lookAt = async (asked: Uint32Array) => {
    const values = [account, mailbox, numberArray(asked), ...patterns, ...field];
    const [row] = await sql.unsafe<{ packed: Buffer | null }[]>(statement, values, { prepare: true });
    const packed = row?.packed ?? Buffer.alloc(0);
    for (let offset = 0; offset < packed.length; offset += 6) {
      found[count] = packed.readUInt32BE(offset);
      scores[count++] = packed.readUInt16BE(offset + 4);
    }
  };
  await inSlices(uids, lookAt, options);
  return { uids: found.slice(0, count), scores: scores.slice(0, count) };
}

/** What the word `q` is worth in a text. */
const worthIn = (text: string, share = 1) => `
  case when strpos(${text}, q.word) > 0 then ${WORTH.exact * share}
       when q.stem <> '' and strpos(${text}, q.stem) > 0 then ${WORTH.stem * share}
       when q.misspelled <> '' and ${text} ~ q.misspelled then ${WORTH.misspelled * share}
       else 0 end`;

/**
 * For each message that has all the words its UID in 4 octets, and in 2 its score: how much the words are worth on average.
 *
 * @param worth of the word `q` in the message
 * @param lateral what it needs besides, once a message
 */
const statement = (worth: string, lateral = '') => `
  select string_agg(substring(int8send(m.uid) from 5) || int2send(s.score::smallint), ''::bytea order by m.uid) as packed
    from ${MESSAGES_AND_TOMBSTONES} join contents as c using (account_id, content_id)
    left join deliveries as d on m.prefix_octets > 0 and d.account_id = m.account_id and d.email_id = m.email_id
   ${lateral}
   cross join lateral (
     select greatest(1, round(100 * (avg(w.worth) - ${LEAST_WORTH}) / ${1 - LEAST_WORTH})) as score
       from unnest($4::text[], $5::text[], $6::text[]) as q (word, stem, misspelled)
      cross join lateral (select ${worth} as worth) as w
     having min(w.worth) > 0) as s`;

const HEADER = "(coalesce(c.header_text, '') || coalesce(d.prefix_text, ''))";
const BODY = "coalesce(c.search_text, '')";

const STATEMENTS = {
  body: statement(worthIn(BODY)),
  text: statement(`greatest(${worthIn(HEADER)}, ${worthIn(BODY, WORTH_OF_BODY)})`),
  field: statement(
    worthIn("coalesce(f.value, '')"),
    `cross join lateral (
       select string_agg(substr(field, length($7::text) + 1), ' ') as value
         from string_to_table(concat_ws(E'\\n', c.header_text, d.prefix_text), E'\\n') as field
        where starts_with(field, $7::text)) as f`,
  ),
} as const;

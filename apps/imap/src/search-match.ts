import type { SequenceSet } from '@postel/imap-wire';
import { type FuzzyCriterion, hasUid, type SearchCriterion, type UidRanges } from '@postel/storage';
import { lowerBound, type MailboxView } from './mailbox-view.ts';
import type { SearchKey } from './search-key.ts';

/** @param at the message's position in the arrays, negative if it is not there any more */
export type Matcher = (uid: number, at: number) => boolean;

/** How a search is answered: what the arrays answer is one test, and the rest is in the order in which it is cheapest. */
export type SearchPlan =
  | { readonly type: 'arrays'; readonly matches: Matcher }
  | { readonly type: 'stored'; readonly criterion: SearchCriterion | FuzzyCriterion }
  | { readonly type: 'not'; readonly plan: SearchPlan }
  /** Cheap ones first: the others are asked of what is left. */
  | { readonly type: 'or' | 'and'; readonly plans: readonly SearchPlan[] };

/** @param rangesOf the UIDs that a set names */
export function planSearch(
  view: MailboxView,
  keys: readonly SearchKey[],
  rangesOf: (set: SequenceSet, kind: 'sequence' | 'uid') => UidRanges,
): SearchPlan {
  const { mailbox } = view;
  const { table } = mailbox;
  /** Ids by name in lower case. To ask for them costs as much as there are sets of keywords, so it is done once for all keys. */
  let keywords: ReadonlyMap<string, number> | null = null;
  /** A filter that stands in a search a thousand times over brings the same sets each time. */
  const known = new Map<SequenceSet, UidRanges>();

  const plan = (key: SearchKey): SearchPlan => {
    switch (key.type) {
      case 'all':
        return arrays(() => true);
      case 'flag':
        return arrays((_, at) => (table.flags(at) & key.bit) !== 0);
      case 'keyword': {
        keywords ??= new Map(mailbox.keywordsInUse().map((id) => [mailbox.keyword(id).toLowerCase(), id]));
        const id = keywords.get(key.name.toLowerCase());
        return arrays((_, at) => id !== undefined && holds(table.keywordsOf(table.keywordSet(at)), id));
      }
      case 'recent':
        return arrays((uid) => view.isRecent(uid));
      case 'modseq':
        return arrays((_, at) => at >= 0 && table.modSeq(at) >= key.from);
      case 'set': {
        const ranges = known.get(key.set) ?? rangesOf(key.set, key.kind);
        known.set(key.set, ranges);
        return arrays((uid) => hasUid(ranges, uid));
      }
      case 'object-id': {
        const { account, id } = key.id;
        if (account !== mailbox.account) return arrays(() => false);
        return { type: 'stored', criterion: { type: `${key.of}-id`, id } };
      }
      case 'filter':
        throw new Error('a filter is put in before the search is planned');
      case 'stored':
        return key;
      case 'not':
        return not(plan(key.key));
      case 'or':
        return joined('or', [plan(key.left), plan(key.right)]);
      case 'and':
        return joined('and', key.keys.map(plan));
      default:
        return key satisfies never;
    }
  };
  return joined('and', keys.map(plan));
}

/**
 * Whether flags, keywords or modseqs are asked for, or their absence. A message whose removal is not told yet has none any more, and
 * meets no search that asks for them; it does by number, and by what its octets hold.
 */
export function asksForFlags(key: SearchKey): boolean {
  switch (key.type) {
    case 'flag':
    case 'keyword':
    case 'modseq':
      return true;
    case 'not':
      return asksForFlags(key.key);
    case 'or':
      return asksForFlags(key.left) || asksForFlags(key.right);
    case 'and':
      return key.keys.some(asksForFlags);
    default:
      return false;
  }
}

const arrays = (matches: Matcher): SearchPlan => ({ type: 'arrays', matches });

function not(plan: SearchPlan): SearchPlan {
  if (plan.type === 'not') return plan.plan;
  if (plan.type !== 'arrays') return { type: 'not', plan };
  const { matches } = plan;
  return arrays((uid, at) => !matches(uid, at));
}

/** Of what the arrays answer it makes one test. Plans of the same type are taken apart: each level holds a list of UIDs. */
function joined(type: 'or' | 'and', plans: readonly SearchPlan[]): SearchPlan {
  const matchers: Matcher[] = [];
  const rest: SearchPlan[] = [];
  for (const plan of plans.flatMap((plan) => (plan.type === type ? plan.plans : [plan]))) {
    if (plan.type === 'arrays') matchers.push(plan.matches);
    else rest.push(plan);
  }
  rest.sort((a, b) => costOf(a) - costOf(b));
  const all = matchers.length === 0 ? rest : [arrays(oneOf(type, matchers)), ...rest];
  const [only] = all;
  return only !== undefined && all.length === 1 ? only : { type, plans: all };
}

function oneOf(type: 'or' | 'and', matchers: readonly Matcher[]): Matcher {
  const [only] = matchers;
  if (only !== undefined && matchers.length === 1) return only;
  return type === 'and'
    ? (uid, at) => matchers.every((matches) => matches(uid, at))
    : (uid, at) => matchers.some((matches) => matches(uid, at));
}

const COSTS: Record<(SearchCriterion | FuzzyCriterion)['type'], number> = {
  size: 1,
  'internal-date': 1,
  'save-date': 1,
  'email-id': 1,
  'thread-id': 1,
  'internal-moment': 1,
  'sent-date': 2,
  header: 3,
  body: 4,
  text: 5,
  fuzzy: 6,
};

/** That of the dearest part. */
function costOf(plan: SearchPlan): number {
  switch (plan.type) {
    case 'arrays':
      return 0;
    case 'stored':
      return COSTS[plan.criterion.type];
    case 'not':
      return costOf(plan.plan);
    default:
      return plan.plans.reduce((most, part) => Math.max(most, costOf(part)), 0);
  }
}

/** Whether an ascending list has that number. */
function holds(ascending: readonly number[], number: number): boolean {
  return ascending[lowerBound(ascending, number)] === number;
}

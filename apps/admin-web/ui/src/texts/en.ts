import { countedIn } from './counted.ts';

const counted = countedIn('en');
const rows = (count: number) => counted(count, { one: '# row', other: '# rows' });

/** What pages say, in English: what there is to say. The other catalogues have the same keys, which the type checker sees to. */
export const en = {
  parts: {
    actions: 'Actions',
    cancel: 'Cancel',
    find: 'Find',
    loading: 'Loading …',
    more: (left: number) => `Show more: ${rows(left)} left`,
    again: 'Try again',
    failed: 'Something went wrong.',
    failedWith: (why: string) => `Something went wrong: ${why}`,
    failedInPage: 'Something went wrong in this page.',
  },
};

export type Texts = typeof en;

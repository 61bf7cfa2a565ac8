/**
 * Every table of Postel, a file a subject. Migrations are generated from this one (`npm run generate -w packages/storage`);
 * functions and what drizzle cannot express stand in migrations written by hand.
 *
 * Rules that the tables keep (docs/storage.md):
 * - `account_id` leads every primary key, unique constraint and index of the mail tables, and no foreign key crosses
 *   accounts, so that the mail tables can be partitioned or distributed by account.
 * - Object ids (mailbox, content, email, thread) are given out by `accounts.next_object_id` under the account row, so
 *   no sequence is shared between accounts.
 * - No counter and no modseq column of a hot row is in an index: their updates stay heap-only (HOT).
 */
export * from './accounts.ts';
export * from './contents.ts';
export * from './credentials.ts';
export * from './domains.ts';
export * from './installation.ts';
export * from './mailboxes.ts';
export * from './messages.ts';
export * from './queue.ts';
export * from './record.ts';
export * from './reports.ts';
export * from './routes.ts';
export * from './submission.ts';
export * from './tls-of-others.ts';
export * from './waiting-mail.ts';
export * from './web.ts';
export * from './webhooks.ts';

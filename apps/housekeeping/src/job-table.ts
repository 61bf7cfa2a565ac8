import type { Job } from './job.ts';
import { cleanRejects } from './jobs/clean-rejects.ts';
import { deliverWaiting } from './jobs/deliver-waiting.ts';
import { fillIn } from './jobs/fill-in.ts';
import { forgetChanges } from './jobs/forget-changes.ts';
import { forgetLogins } from './jobs/forget-logins.ts';
import { forgetMail } from './jobs/forget-mail.ts';
import { forgetReports } from './jobs/forget-reports.ts';
import { giveUpWaiting } from './jobs/give-up-waiting.ts';
import { indexTexts } from './jobs/index-texts.ts';
import { prune } from './jobs/prune.ts';
import { readReports } from './jobs/read-reports.ts';
import { releaseHeld } from './jobs/release-held.ts';
import { releaseRemoved } from './jobs/release-removed.ts';
import { removeBlobs } from './jobs/remove-blobs.ts';
import { sweepBlobs } from './jobs/sweep-blobs.ts';
import { sweepWaiting } from './jobs/sweep-waiting.ts';

/** A new job is a file in `jobs/` and a line here. */
export const JOBS: readonly Job[] = [
  releaseHeld,
  deliverWaiting,
  giveUpWaiting,
  releaseRemoved,
  cleanRejects,
  removeBlobs,
  prune,
  sweepBlobs,
  sweepWaiting,
  fillIn,
  indexTexts,
  forgetLogins,
  forgetChanges,
  forgetMail,
  readReports,
  forgetReports,
];

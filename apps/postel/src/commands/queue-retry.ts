import { changeQueueCommand } from '../change-queue-command.ts';

export const queueRetry = changeQueueCommand('retry', {
  summary: 'try to send something at once',
  help: 'It is tried as soon as a relay process is free, and its schedule goes on from there.',
  done: 'tried at once',
});

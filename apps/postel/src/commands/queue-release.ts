import { changeQueueCommand } from '../change-queue-command.ts';

export const queueRelease = changeQueueCommand('release', {
  summary: 'let something go that was held',
  help: 'It is tried at once. If its time is over by then and that fails, its sender is told.',
  done: 'released',
});

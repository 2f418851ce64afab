import { declareModule } from '../platform/declare/module.ts';
import { eventOperations } from './operations/events.ts';
import { httpSettings } from './settings.ts';

export const httpModule = declareModule({
  name: 'http',
  tags: [{ name: 'events', description: 'What changed, as it changes.' }],
  operations: eventOperations,
  settings: httpSettings,
});

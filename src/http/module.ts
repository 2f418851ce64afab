import { declareModule } from '../platform/declare/module.ts';
import { eventOperations } from './operations/events.ts';
import { importOperations } from './operations/import.ts';

export const httpModule = declareModule({
  name: 'http',
  tags: [{ name: 'events', description: 'What changed, as it changes.' }],
  operations: [...importOperations, ...eventOperations],
});

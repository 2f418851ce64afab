import { declareModule } from '../platform/declare/module.ts';
import { importOperations } from './operations/import.ts';
import { overviewOperations } from './operations/overview.ts';

export const flowsModule = declareModule({ name: 'flows', operations: [...importOperations, ...overviewOperations] });

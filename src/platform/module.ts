import { declareModule } from './declare/module.ts';
import { auditOperations } from './operations/audit.ts';

export const platformModule = declareModule({
  name: 'platform',
  tags: [
    { name: 'audit', description: 'Who decided what, when and from where: a log that nobody can rewrite unseen.' },
  ],
  operations: auditOperations,
});

import { type Answer, json } from '../answer.ts';
import type { Bills } from './bills.ts';
import { mistakeInput } from './mistakes.ts';
import { rulesInput, ruleVariants } from './rules.ts';

/** Answers under /_simulator/billing; null: there is no such thing. A body that is wrong is a ZodError or a SyntaxError. */
export function controlBilling(bills: Bills, asked: string, body: string): Answer | null {
  switch (asked) {
    case 'GET /billing/rules':
      return json(200, { rules: bills.rules, variants: ruleVariants });
    case 'POST /billing/rules': {
      const given = Object.entries(rulesInput.parse(JSON.parse(body))).filter(([, variant]) => variant !== undefined);
      bills.rules = { ...bills.rules, ...Object.fromEntries(given) };
      return json(200, { rules: bills.rules, variants: ruleVariants });
    }
    case 'GET /billing/mistakes':
      return json(200, { mistakes: bills.mistakes });
    case 'POST /billing/mistakes': {
      const added = bills.add(mistakeInput.parse(JSON.parse(body)));
      if (added) return json(201, { mistakes: bills.mistakes });
      const message = 'too many mistakes are on: DELETE /_simulator/billing/mistakes clears them';
      return json(400, { error: { message, issues: [] } });
    }
    case 'DELETE /billing/mistakes':
      bills.clear();
      return json(200, { mistakes: [] });
    default:
      return null;
  }
}

import { declareError } from '../platform/errors.ts';

// What of invoices a program would want to act on.

export const invoiceFactsChanged = declareError({
  code: 'invoice_facts_changed',
  status: 409,
  todo: 'Look at the invoice again, and approve it again.',
});

export const invoiceIncomplete = declareError({
  code: 'invoice_incomplete',
  status: 409,
  todo: 'Add the details that are missing, or issue it although they are.',
});

export const exchangeRateMissing = declareError({
  code: 'exchange_rate_missing',
  status: 409,
  todo: 'Enter the exchange rate.',
});

export const invoiceNotDraft = declareError({
  code: 'invoice_not_draft',
  status: 409,
  todo: 'Only drafts change. What was issued is corrected, or cancelled.',
});

export const invoiceNotApproved = declareError({
  code: 'invoice_not_approved',
  status: 409,
  todo: 'Approve it first.',
});

export const invoiceCancelled = declareError({
  code: 'invoice_cancelled',
  status: 409,
  todo: 'Its month is drafted again: use the new draft.',
});

export const numberTaken = declareError({
  code: 'number_taken',
  status: 409,
  todo: 'Give the seller another prefix, or the document another number.',
});

export const monthNotFinal = declareError({
  code: 'month_not_final',
  status: 409,
  todo: 'Wait until the month is final, or approve it all the same and give a reason.',
});

export const documentNotDrawn = declareError({
  code: 'document_not_drawn',
  status: 503,
  todo: 'Use its form as CSV or JSON meanwhile: drawing it is tried again every hour. Look at the logo and the font of its seller.',
});

export const paymentCurrency = declareError({
  code: 'payment_currency',
  status: 409,
  todo: "Give what was paid in the invoice's currency, or name another invoice.",
});

export const paymentConflict = declareError({
  code: 'payment_conflict',
  status: 409,
  todo: 'Give another payment another id. What was recorded in error is taken back by a reversal under its id.',
});

export const invoiceErrors = [
  paymentCurrency,
  paymentConflict,
  invoiceFactsChanged,
  invoiceIncomplete,
  exchangeRateMissing,
  invoiceNotDraft,
  invoiceNotApproved,
  invoiceCancelled,
  numberTaken,
  monthNotFinal,
  documentNotDrawn,
];

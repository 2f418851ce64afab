import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Problem } from './api/client.ts';
import './app/base.css';
import { live } from './app/live.ts';
import { createQueryClient } from './app/reads.ts';
import { router, startProblem } from './app/router.tsx';
import { followOtherTabs, signIn, takeTokenFromAddress } from './app/session.ts';

const token = takeTokenFromAddress();
if (token !== null)
  await signIn(token).catch((error: unknown) => {
    startProblem.current = error instanceof Problem ? error : new Problem(String(error));
  });

const client = createQueryClient();
followOtherTabs(client);
live.start(client);

const place = document.getElementById('root');
if (place === null) throw new Error('The document has no place for the page.');
createRoot(place).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);

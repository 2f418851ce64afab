import type { ReactNode } from 'react';

// Lines of 1.5 px on 16: they take the colour of their text.

const paths = {
  overview: <path d="M2.5 13.5v-4m3.7 4v-8m3.6 8v-5m3.7 5v-11" />,
  inventory: <path d="M2.5 3.5h11v3.5h-11zM2.5 9h11v3.5h-11zM5 5.25h.01M5 10.75h.01" />,
  unassigned: (
    <path d="M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM6.300 6.400a1.700 1.700 0 1 1 2.500 1.500c-.6.300-.8.600-.8 1.200M8 11h.01" />
  ),
  drift: <path d="M2.500 5.500h8.500m-2.500-3 3 3-3 3M13.500 10.500H5m2.500-3-3 3 3 3" />,
  deployments: (
    <path d="M8 2.500 13.500 5.500 8 8.500 2.500 5.500zM2.500 8 8 11l5.500-3M2.500 10.500l5.500 3 5.500-3" />
  ),
  provisioning: <path d="M2.500 13.500h11M4.500 13.500v-6h7v6M8 7.500v-5M5.500 5 8 2.500 10.500 5" />,
  customers: (
    <path d="M7.500 5.500a2.200 2.200 0 1 1-4.400 0 2.200 2.200 0 0 1 4.400 0zM1.500 13c.4-2.300 2-3.500 3.800-3.500S8.700 10.700 9 13M10 3.600a2.200 2.200 0 0 1 0 3.900m1 2c1.800.2 3.100 1.400 3.500 3.500" />
  ),
  usage: <path d="M2.500 2.500h11v11h-11zM2.500 6.200h11M2.500 9.800h11M6.200 2.500v11M9.800 2.500v11" />,
  bill: <path d="M4 2.500h8v11l-2-1.300-2 1.300-2-1.300-2 1.300zM6.500 5.500h3M6.500 8.500h3" />,
  margin: (
    <path d="M3 13 13 3M5.800 4.400a1.400 1.400 0 1 1-2.800 0 1.400 1.400 0 0 1 2.800 0zM13 11.600a1.400 1.400 0 1 1-2.800 0 1.400 1.400 0 0 1 2.800 0z" />
  ),
  jobs: (
    <path d="M8 2.500v2m0 7v2M2.500 8h2m7 0h2M4.100 4.100l1.400 1.400m5 5 1.400 1.400m0-7.800-1.400 1.400m-5 5-1.400 1.400" />
  ),
  gateway: <path d="M2.500 13.500v-8l5.500-3 5.500 3v8M5.500 13.500v-4h5v4M8 5.500h.01" />,
  accounts: <path d="M4.500 12.500a3 3 0 0 1-.3-6 4 4 0 0 1 7.700-.9 3.500 3.500 0 0 1-.4 6.900z" />,
  settings: <path d="M2.500 4.500h5m3 0h3M2.500 11.500h3m3 0h5M9 2.800v3.400M7 9.800v3.400" />,
  search: <path d="m13.5 13.5-3-3M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z" />,
  chevronLeft: <path d="m9.5 4-4 4 4 4" />,
  chevronRight: <path d="m6.5 4 4 4-4 4" />,
  chevronDown: <path d="m4 6.5 4 4 4-4" />,
  close: <path d="m4 4 8 8m0-8-8 8" />,
  person: <path d="M10.5 5.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM3 13.5c.6-2.6 2.6-4 5-4s4.400 1.400 5 4" />,
  copy: <path d="M5.500 5.500h8v8h-8zM2.500 10.500v-8h8" />,
  menu: <path d="M2.500 4.500h11m-11 3.500h11m-11 3.500h11" />,
  book: <path d="M3.500 2.500h9v11h-9zM6 5.500h4" />,
  audit: <path d="M3.500 2.500h9v11h-9zM6 5.500h4M6 8h4M6 10.500h2" />,
  invoices: <path d="M3.500 2.500h9v11l-2.250-1.500L8 13.500 5.750 12 3.500 13.500zM6 5.500h4M6 8.500h4" />,
  corrections: <path d="M2.500 8a5.500 5.500 0 1 0 1.700-4M2.500 2.500V5.500h3M8 5v3l2 1.500" />,
  filter: <path d="M2.500 4h11M4.500 8h7M6.500 12h3" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {paths[name]}
    </svg>
  );
}

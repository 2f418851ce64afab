export interface paths {
    "/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The connected accounts
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listAccounts"];
        put?: never;
        /**
         * Connect a provider account
         * @description One that is connected gets the new token; of the rest, what is given. The provider is the one of the configuration.
         *
         *     For owner, operator.
         */
        post: operations["connectAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/accounts/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One account
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/accounts/{account}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What an account's token may read, and what a missing scope hides
         * @description Asks the provider.
         *
         *     For owner, operator.
         */
        get: operations["checkAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync-run-days": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What syncs did by UTC day, newest first
         * @description Runs that ended and were not reverted, those that are too old to be listed among them.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["listSyncDays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync-runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What syncs read, newest first
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listSyncRuns"];
        put?: never;
        /**
         * Read what the provider lists, and write down what changed
         * @description By jobs, which follow each other; what waits or runs already is not enqueued twice. Each kind is a run of its own: see sync-runs.
         *
         *     For owner, operator.
         */
        post: operations["runSync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sync-runs/{run}/revert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take back what one sync run wrote
         * @description History says again what it said before the run, as a correction of now, and the run confirms nothing. Nothing is deleted. The next sync reads anew. Runs that rest on it must be reverted first, or with it.
         *
         *     For owner.
         */
        post: operations["revertSyncRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/resources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What lives, or lived at another moment
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listResources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/resources/{resource}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One resource: what it was when, and how we know
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getResource"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/resources/{resource}/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How one resource was configured when, and how we know
         * @description Settings are what is configured beside what is billed: backups, firewall rules, versions. Values are canonical: what means the same is the same.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["getResourceSettings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/prices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the provider charges on a day, by subject
         * @description An operator's own price comes before what the provider's API says, and that before what is published. With an account, its own prices come before those of all. What has no price on that day is left out.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["listPrices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/prices/{subject}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the provider charges for one thing, over time and with its evidence
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getPrice"];
        /**
         * Set an own price, such as a negotiated one, from a day on
         * @description It comes before the provider's own until it is unset. What had been set for later days gives way. Of one account, it comes before that of all.
         *
         *     For owner.
         */
        put: operations["setPrice"];
        post?: never;
        /**
         * End an own price, from a day on
         * @description What the provider says counts from that day on. Earlier days keep the own price.
         *
         *     For owner.
         */
        delete: operations["unsetPrice"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All customers, by their id
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listCustomers"];
        put?: never;
        /**
         * Create a customer
         * @description For owner, operator.
         */
        post: operations["createCustomer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/customers/{customer}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One customer
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getCustomer"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/customers/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Customers and their deployments from a CSV file, all or nothing
         * @description The file begins with a header line and has one deployment a line, its customer repeated:
         *     `customer_external_id, customer_name, currency, deployment_slug, deployment_name, starts_at` and, if wanted,
         *     `project_id` (the provider's project that the deployment owns) and `plan`, which only an owner may give: it
         *     puts a deployment that was never on a plan on one. It has 50000 lines at most. Importing the same again changes nothing;
         *     what was decided about plans since stays, and is among the differences.
         *
         *     For owner, operator.
         */
        post: operations["importCustomers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Deployments, by their slug
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["listDeployments"];
        put?: never;
        /**
         * Create a customer's deployment
         * @description Then give it what it owns, with rules or assignments.
         *
         *     For owner, operator.
         */
        post: operations["createDeployment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{deployment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One deployment
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["getDeployment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Move a deployment's start
         * @description Usage between the old start and the new one is metered again.
         *
         *     For owner, operator.
         */
        patch: operations["updateDeployment"];
        trace?: never;
    };
    "/deployments/{deployment}/ownership": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a deployment owned when, newest first
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["listOwnership"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/assignments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decide by hand who owns resources, before any rule
         * @description Several owners share by their weights. Past days that it changes are metered again.
         *
         *     For owner, operator.
         */
        post: operations["assignResources"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/assignments/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Remove assignments by hand: the rules decide again
         * @description For owner, operator.
         */
        post: operations["unassignResources"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The rules, in the order in which they are tried
         * @description A rule that changed over time has several rows.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["listRules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/rules/apply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make the rules those that are given, all or nothing
         * @description Applying the same again changes nothing. Ownership follows within seconds, by a job.
         *
         *     For owner, operator.
         */
        post: operations["applyRules"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/rules/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What rules would change: which resources, since when, whose they were
         * @description Writes nothing.
         *
         *     For owner, finance, operator, viewer.
         */
        post: operations["previewRules"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/rules/suggestions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Rules that could own what has no owner
         * @description A list to choose from: nothing is applied. The best ones only; there is no next page.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["listRuleSuggestions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/unattributed-resources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What lives and has no owner
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listUnattributedResources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{deployment}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a deployment used, by billing kind
         * @description What has been metered: every day before `meteredThrough` is in the sums. Without a range of days: the current month.
         *
         *     For owner, finance, operator, viewer, customer.
         */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{deployment}/usage/days": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a deployment used day by day, then by billing kind
         * @description Hours are added up. Days whose records are past their retention are left out. Without a range of days: the current month.
         *
         *     For owner, finance, operator, viewer, customer.
         */
        get: operations["listUsageDays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{deployment}/usage/explanation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where a sum comes from: resources, days and intervals, and what made each of them so
         * @description The resources that used most first. Days add up to a resource, and so do its intervals with `pending` and `more`; resources to the sum. To customers `cause`, `carriedForwardFrom` and `observation` are null.
         *
         *     For owner, finance, operator, viewer, customer.
         */
        get: operations["explainUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{deployment}/usage/revisions/{revision}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a deployment used, as it was once a metering had written
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getUsageAsOf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/kinds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every billing kind as it stands on a day, enabled or not
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["listKinds"];
        put?: never;
        /**
         * Add a billing kind, disabled
         * @description Defined from the beginning of history. One that is there and means the same is left alone.
         *
         *     For owner, operator.
         */
        post: operations["addKind"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/kinds/{kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A billing kind, with all that it meant and how it was metered
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["getKind"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change how a billing kind is metered, or what counts, from a day on
         * @description Days that are metered already are metered again. 2000-01-01 is the beginning of history.
         *
         *     For owner, operator.
         */
        patch: operations["changeKind"];
        trace?: never;
    };
    "/kinds/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add the billing kinds of a file, disabled, all or none
         * @description For owner, operator.
         */
        post: operations["importKinds"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metering/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What metering a range of days would change, before and after
         * @description Writes no usage. Without a range: every complete day. Days that no fact has touched since they were metered are not compared.
         *
         *     For owner, operator.
         */
        post: operations["diffUsage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metering/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The meterings that wrote something, newest first
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listMeteringRuns"];
        put?: never;
        /**
         * Bring usage up to date, day by day
         * @description By a job for each day. Without a range: every complete day that is not up to date. A day can be metered any number of times; what differs is replaced, and a day that is up to date is left alone.
         *
         *     For owner, operator.
         */
        post: operations["runMetering"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What every deployment used, by its slug, then by billing kind
         * @description With `unattributed`, which holds what nobody owns. A customer sees their own deployments. Without a range of days: the current month.
         *
         *     For owner, finance, operator, viewer, customer.
         */
        get: operations["listUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/usage/confirmations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Operators' words on usage that no listing confirms, newest first
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listUsageAttestations"];
        put?: never;
        /**
         * Confirm what is recorded of an account and kind, up to a moment
         * @description It counts as a complete listing that began then. No usage changes.
         *
         *     For owner, operator.
         */
        post: operations["confirmUsage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/usage/confirmations/{confirmation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Take a confirmation back; it stays on record
         * @description For owner, operator.
         */
        delete: operations["withdrawUsageAttestation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/usage/gaps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stretches that nobody saw, what was carried forward over them, and what that costs
         * @description The latest first. An amount is the month's quote less the month's quote without the gap's usage; a total is of all gaps together.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["getUsageGaps"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/usage/late-facts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Facts that came when the records of their time were gone already, newest first
         * @description Nothing is metered from them: the month is rolled up.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["listLateUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/usage/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * After how long without a listing there is a gap, and for how long usage is carried forward
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listObservationLimits"];
        put?: never;
        /**
         * Set those limits of a kind of resource, from a day on
         * @description What is not given stays as it is on that day.
         *
         *     For owner, operator.
         */
        post: operations["setObservationLimit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/usage/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Kinds' months that are past their retention, and whether they can be rolled up
         * @description Nothing is written.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["listRetention"];
        put?: never;
        /**
         * Roll up and remove usage records that are past their retention, by a job
         * @description As the schedule does every day: one exact sum per deployment stays of a month, and its records are removed.
         *
         *     For owner, operator.
         */
        post: operations["retainUsage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/usage/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether a period is complete, confirmed and final, and what is missing
         * @description Without a range of days: the month before the current one.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["getUsageStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/usage/store": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move all usage records to the configured ClickHouse, or back to PostgreSQL, by a job
         * @description Copies day by day with every version, compares counts and exact sums by deployment, kind and day, then switches every
         *     process over at once. Metering goes on meanwhile. Stopped anywhere, it goes on from there. Every process needs
         *     ARCADIA_USAGE_STORE_URL, until usage is in PostgreSQL again.
         *
         *     For owner.
         */
        post: operations["moveUsage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/alert-firings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which alerts fired, the newest first
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listAlertFirings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Alerts, by their id
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listAlerts"];
        put?: never;
        /**
         * Watch a deployment, or all of them
         * @description It fires once for a deployment and a calendar month, and tells the event alert.fired.
         *
         *     For owner, finance, operator.
         */
        post: operations["addAlert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/alerts/{alert}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One alert
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getAlert"];
        put?: never;
        post?: never;
        /**
         * End an alert; what it fired stays
         * @description For owner, finance, operator.
         */
        delete: operations["removeAlert"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/alerts/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look now whether a threshold is reached
         * @description As a job does every hour.
         *
         *     For owner, finance, operator.
         */
        post: operations["checkAlerts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{deployment}/forecast": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A deployment's month to date, and as it will be at its end if everything stays as it is
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["getDeploymentForecast"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{deployment}/quote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A deployment's bill of a month as it is now, or the same usage on another plan
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["getDeploymentQuote"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{deployment}/subscription": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start, change, pause, resume or end a deployment's subscription
         * @description Days long past may be given: what was issued for them is then to be corrected.
         *
         *     For owner, finance.
         */
        post: operations["decideSubscription"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{deployment}/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A deployment's plans over time, the newest first
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["listSubscriptionHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/plan-schema": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The JSON schema of a plan file
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getPlanSchema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The plans as they are on a day
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["listPlans"];
        put?: never;
        /**
         * Make plans what their files say, all or nothing
         * @description Ask for a preview first. A version that deployments have been on never changes.
         *
         *     For owner, finance.
         */
        post: operations["applyPlans"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/plans/{plan}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A plan with its prices, as it is on a day
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["getPlan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/plans/{plan}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A plan's versions, the oldest first
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["listPlanVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/plans/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What plan files would change, for whom and in money
         * @description Nothing is written. A bad file is refused with file, line and reason of each problem.
         *
         *     For owner, finance, operator, viewer.
         */
        post: operations["previewPlans"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/quotes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What usage would cost in a month, on one plan or on several side by side
         * @description The usage is given, what a deployment used on days of one month, the mean of its last months, or what resources would use that are not there yet. Each plan with the whole month's base fee and allowances.
         *
         *     For owner, finance, operator, viewer, customer.
         */
        post: operations["quotePlans"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/quotes/resources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What resources of a file, that are not there yet, would cost in a month
         * @description A list in YAML or JSON, of what `resources` lists in a quote: numbers keep the digits they are written in.
         *
         *     For owner, finance, operator, viewer.
         */
        post: operations["quoteResources"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ratings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What units cost under a charge model
         * @description The function that rates invoices, for cases of your own. Decimals are strings.
         *
         *     For owner, finance, operator, viewer.
         */
        post: operations["rateUnits"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What each deployment is on at a moment, by its slug
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["listSubscriptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/customers/{customer}/billing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How a customer is billed, over time
         * @description A customer without billing details has an empty history: billed by the default legal entity, and taxed.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["getCustomerBilling"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change how a customer is billed, from a day on
         * @description Omitted fields keep their value. An invoice uses what applies on the last day of its month. Without `from`: from the
         *     beginning the first time, then from today (UTC).
         *
         *     For owner, finance.
         */
        patch: operations["updateCustomerBilling"];
        trace?: never;
    };
    "/legal-entities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The companies that bill, the default one first
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listLegalEntities"];
        put?: never;
        /**
         * Create a legal entity
         * @description Its numbers begin with its slug unless other prefixes are given.
         *
         *     For owner, finance.
         */
        post: operations["createLegalEntity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/legal-entities/{entity}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One legal entity
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getLegalEntity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a legal entity's details
         * @description Omitted fields keep their value. Issued invoices are not affected. Who it is (name, address, ids, contact, account)
         *     is dated: an invoice uses what applies on the last day of its month. Without `from`: from the beginning the first time, then
         *     from today (UTC).
         *
         *     For owner, finance.
         */
        patch: operations["updateLegalEntity"];
        trace?: never;
    };
    "/legal-entities/{entity}/font": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The font of a legal entity, as the file that it is
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getLegalEntityFont"];
        /**
         * Give a legal entity the font of its documents
         * @description The body is the file, TrueType or OpenType, 25165824 bytes at most. A damaged one is refused. With the ETag of the legal entity, whose field it is. Issued documents keep what they were drawn with.
         *
         *     For owner, finance.
         */
        put: operations["setLegalEntityFont"];
        post?: never;
        /**
         * Remove the font of a legal entity
         * @description With the ETag of the legal entity, whose field it is. Issued documents keep what they were drawn with.
         *
         *     For owner, finance.
         */
        delete: operations["removeLegalEntityFont"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/legal-entities/{entity}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who a legal entity is over time, the oldest first
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getLegalEntityHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/legal-entities/{entity}/logo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The logo of a legal entity, as the file that it is
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getLegalEntityLogo"];
        /**
         * Give a legal entity the logo of its documents
         * @description The body is the file, PNG or JPEG, 524288 bytes at most. A damaged one is refused. It is kept as it is drawn: written anew, with nothing but its pixels. With the ETag of the legal entity, whose field it is. Issued documents keep what they were drawn with.
         *
         *     For owner, finance.
         */
        put: operations["setLegalEntityLogo"];
        post?: never;
        /**
         * Remove the logo of a legal entity
         * @description With the ETag of the legal entity, whose field it is. Issued documents keep what they were drawn with.
         *
         *     For owner, finance.
         */
        delete: operations["removeLegalEntityLogo"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tax-rates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tax rates by legal entity, category and day
         * @description For owner, finance, operator, viewer.
         */
        get: operations["listTaxRates"];
        put?: never;
        /**
         * Set the rate of a legal entity's tax category, from a day on
         * @description The rate of a month's last day holds for all of the month. A category without a rate is not taxed.
         *
         *     For owner, finance.
         */
        post: operations["setTaxRate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/corrections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What issued months cost now beyond what was issued for them, yet to be decided
         * @description As of the last look, which a job takes every day and each decision takes anew.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["listCorrections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/corrections/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look now which issued months cost something else by now
         * @description For owner, finance.
         */
        post: operations["checkCorrections"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/corrections/decide": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a correction of a deployment's month, or waive it
         * @description On the next invoice, as a credit note of each invoice that charged it, or waived with a reason: for exactly its amount. What was decided the other way and is not issued is taken back first.
         *
         *     For owner, finance.
         */
        post: operations["decideCorrection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{slug}/invoice-preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The invoice that would follow now for a deployment's customer
         * @description For owner, finance, operator, viewer.
         */
        get: operations["previewInvoice"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/exports/focus": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A month of what customers were billed, in FOCUS 1.4
         * @description Every line and tax of the invoices of the month that are issued, and of the credit notes issued in it; what is a draft, approved or void is left out. The BilledCosts of an InvoiceId add up to its total. It is sent as it is made.
         *
         *     For owner, finance.
         */
        get: operations["exportFocus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/exports/focus/coverage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How many documents of a month an export leaves out
         * @description For owner, finance.
         */
        get: operations["getExportCoverage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoice-lines/{line}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Take a line by hand away from a draft
         * @description For owner, finance.
         */
        delete: operations["removeInvoiceLine"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoice-months/{month}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve a month's drafts, a hundred at a time
         * @description For owner, finance.
         */
        post: operations["approveInvoicesOfMonth"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoice-months/{month}/issue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Number, freeze and hash a month's approved invoices, a hundred at a time
         * @description For owner, finance.
         */
        post: operations["issueInvoicesOfMonth"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Invoices and credit notes, the newest first
         * @description A customer sees their own, once they are issued.
         *
         *     For owner, finance, operator, viewer, customer.
         */
        get: operations["listInvoices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices/{invoice}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One invoice with its document, and what it lacks to be issued
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["getInvoice"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices/{invoice}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Agree to a draft
         * @description It is drafted from the facts once more first. Before its month is final it takes a reason.
         *
         *     For owner, finance.
         */
        post: operations["approveInvoice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices/{invoice}/csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An invoice's lines as CSV
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["getInvoiceCsv"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices/{invoice}/issue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Number, freeze and hash an approved invoice
         * @description Issuing one that is issued changes nothing and answers it.
         *
         *     For owner, finance.
         */
        post: operations["issueInvoice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices/{invoice}/json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The document of an invoice as canonical JSON, whose sha256 is its digest once it is issued
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["getInvoiceJson"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices/{invoice}/lines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add a line by hand to a draft
         * @description For owner, finance.
         */
        post: operations["addInvoiceLine"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices/{invoice}/lines/{line}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A line opened to the days, resources and intervals that it is made of
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["explainInvoiceLine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices/{invoice}/pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An invoice as a PDF to send to the customer
         * @description For owner, finance, operator, viewer, customer.
         */
        get: operations["getInvoicePdf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices/{invoice}/void": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take an approved or issued document back
         * @description For owner, finance.
         */
        post: operations["voidInvoice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/invoices/drafts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Bring a month's drafts up to date with the facts, by a job
         * @description For owner, finance.
         */
        post: operations["draftInvoices"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The month of the last complete day: usage, what is owed, and what nobody owns
         * @description Amounts are what the invoices of these facts say, before tax. Nothing is written.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["getOverview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Jobs, the newest first
         * @description Of those that have ended, the last week; dead ones for 90 days. Their times are real time.
         *
         *     For owner, finance, operator, viewer.
         */
        get: operations["listJobs"];
        put?: never;
        /**
         * Run a job now
         * @description Enqueues it; where the same one waits already, that one runs now instead of later.
         *
         *     For owner, operator.
         */
        post: operations["runJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One job
         * @description For owner, finance, operator, viewer.
         */
        get: operations["getJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End what waits or runs, all that match
         * @description A running job is told to stop, and nothing that it has not yet committed is stored.
         *
         *     For owner, operator.
         */
        post: operations["cancelJobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run dead and cancelled jobs again, all that match
         * @description They get all their attempts anew. Where the same job waits already, that one will do.
         *
         *     For owner, operator.
         */
        post: operations["retryJobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Queues by their name, with what waits and runs
         * @description For owner, operator, viewer.
         */
        get: operations["listQueues"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues/{queue}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Pause, resume or scale a queue
         * @description Running workers follow at once, and it is remembered. What runs is not stopped.
         *
         *     For owner, operator.
         */
        patch: operations["controlQueue"];
        trace?: never;
    };
    "/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * When jobs run by themselves, by name
         * @description As the worker that started last has it, by the clock of the database. A run brings things up to date, however many were missed.
         *
         *     For owner, operator, viewer.
         */
        get: operations["listSchedule"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What changes, as it changes
         * @description Server-sent events. Each has an id and a type, and its data is
         *     `{ "type", "subject", "at" }`: a hint at what to ask for again, never the thing itself. An empty subject stands for
         *     more than could be named. Whoever comes back with `Last-Event-ID` receives what they missed; where that is no longer
         *     kept, they receive `reset` and ask for everything anew. `bye` says why a stream ends: the token has expired, the
         *     reader is too slow, or the server stops. Customers receive what concerns their own deployments, and metered days.
         *
         *     | type | subject | what happened |
         *     | --- | --- | --- |
         *     | `sync.ended` | account/kind | a kind of resource was listed, whole or not |
         *     | `sync.reverted` | account/kind | what a sync run of a kind wrote was taken back |
         *     | `account.changed` | account | it was connected or edited |
         *     | `price.changed` | what has the price; empty: many | the provider charges, or is said to charge, something else |
         *     | `attribution.changed` | deployment | who owns which resource when |
         *     | `customer.changed` | customer's external id | created or edited |
         *     | `deployment.changed` | deployment | created or edited |
         *     | `rule.changed` | rule | ownership rules were changed |
         *     | `assignment.changed` | resource | it was assigned by hand, or no longer is |
         *     | `day.metered` | day | a day's usage was metered, or metered again and has changed |
         *     | `plan.changed` | plan | it has a new version |
         *     | `subscription.changed` | deployment | it is on another plan |
         *     | `alert.fired` | deployment | an alert on its amount or usage fired |
         *     | `invoice.changed` | invoice | drafted, approved, issued or corrected |
         *     | `job.changed` | queue | jobs were enqueued, started or ended; once a second at most |
         *     | `queue.changed` | queue | it was paused, resumed or scaled |
         *
         *     For owner, finance, operator, viewer, customer.
         */
        get: operations["streamEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tokens/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a token would be here, or why it is refused
         * @description Of a token that is refused, `subject`, `tokenId` and `issuer` are what it says of itself, which nobody has verified.
         *
         *     For owner, operator.
         */
        post: operations["checkToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tokens/revocations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which tokens are refused although they have not ended
         * @description For owner, operator.
         */
        get: operations["listTokenRevocations"];
        put?: never;
        /**
         * Refuse a token, or those of a subject, or those issued before an instant
         * @description What is given holds together: a subject and `issuedBefore` are that subject's tokens of before. Of a subject alone
         *     these are the tokens issued so far; one that is issued later is good. Every process knows within two seconds.
         *
         *     For owner, operator.
         */
        post: operations["revokeTokens"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit-log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Changes that people made, the newest first
         * @description Who changed which row, from where, with the row before and after. Secret values are redacted. verifyAuditLog checks the chain.
         *
         *     For owner.
         */
        get: operations["listAuditLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit-log/verification": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Check that nothing in the audit log was changed, and that all that guards it is in place
         * @description Each entry holds the hash of the one before. The triggers that record and refuse, their functions and the row policies
         *     are held against what this version's migrations make. Whoever has all rights on the database could still write the whole
         *     log anew, or cut off its end: that shows by anchors, which are read from the configured place, and by an earlier head.
         *
         *     For owner.
         */
        post: operations["verifyAuditLog"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What went wrong (RFC 9457) */
        Problem: {
            /** @example urn:arcadia-cloud:problem:not_found */
            type: string;
            /** @example Not Found */
            title: string;
            /** @example 404 */
            status: number;
            /**
             * @description Stable: decide by this
             * @example not_found
             * @enum {string}
             */
            code: "invalid_argument" | "invalid_config" | "not_found" | "conflict" | "already_exists" | "range_reversed" | "range_too_large" | "period_incomplete" | "provider_unauthorized" | "provider_forbidden" | "provider_unreachable" | "provider_rate_limited" | "provider_failed" | "sync_incomplete" | "database_unreachable" | "database_forbidden" | "database_full" | "usage_store_unreachable" | "usage_store_failed" | "usage_store_mismatch" | "database_embedded" | "schema_changed" | "schema_newer" | "backup_unreadable" | "database_not_empty" | "port_in_use" | "clock_conflict" | "clock_behind" | "clock_skewed" | "secret_unreadable" | "unauthenticated" | "keys_unavailable" | "forbidden" | "method_not_allowed" | "method_unknown" | "malformed_request" | "headers_too_large" | "request_timeout" | "expectation_failed" | "not_acceptable" | "precondition_failed" | "too_costly" | "file_unreadable" | "body_too_large" | "unsupported_media_type" | "idempotency_key_reused" | "idempotency_key_in_use" | "precondition_required" | "rate_limited" | "overloaded" | "timed_out" | "outcome_unknown" | "audit_broken" | "cancelled" | "internal" | "account_changed" | "resource_ambiguous" | "sync_run_built_on" | "before_metering" | "kind_exists" | "usage_retired" | "already_subscribed" | "not_subscribed" | "plan_version_fixed" | "invoice_facts_changed" | "invoice_incomplete" | "invoice_not_draft" | "invoice_not_approved" | "invoice_void" | "number_taken" | "month_not_final" | "document_not_drawn" | "job_failed" | "anchor_failed";
            /**
             * @description What is wrong, and where
             * @example There is no deployment acme.
             */
            detail: string;
            /**
             * @description What to do about it
             * @example Check the name; the matching list shows what there is.
             */
            todo: string;
            /** @description The operation of this API to use next */
            next?: {
                operationId: string;
                method: string;
                /** @description With the values filled in, as far as they are known */
                path: string;
                /** @description By the names of its path, query and body */
                arguments: {
                    [key: string]: string | number | boolean;
                };
            };
            /** @example 5f9c1a3e-6f0e-4f6b-9d53-0f6d1c7b1f7e */
            requestId: string;
            /** @description The first of `errors`, in short */
            field?: string;
            errors?: {
                /** @enum {string} */
                in: "path" | "query" | "header" | "body";
                /** @description A JSON pointer into the body, or the name of the parameter */
                pointer: string;
                detail: string;
            }[];
        };
        /** @description Credentials for one provider account, without the secret */
        Account: {
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            account: string;
            /** @example Acme Ltd */
            name: string;
            /** @example digitalocean */
            provider: string;
            /** @example https://api.digitalocean.com */
            apiUrl: string;
            providerAccountId: string;
            /** @description Of the built-in simulator; then its clock is the clock of all */
            simulated: boolean;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            connectedAt: string;
            /**
             * Format: date-time
             * @description Nothing before it is metered
             * @example 2026-05-01T06:00:00Z
             */
            meteredFrom: string;
        };
        /** @description What the runs of a kind did in a UTC day, added up */
        SyncDay: {
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            day: string;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            account: string;
            /** @example droplet */
            kind: string;
            runs: number;
            complete: number;
            partial: number;
            failed: number;
            seen: number;
            new: number;
            changed: number;
            ended: number;
            requests: number;
            /** @description How long they took together */
            seconds: number;
        };
        /** @description One reading of one kind. Only a complete one ends a resource */
        SyncRun: {
            syncRunId: number;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            account: string;
            /** @example droplet */
            kind: string;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            startedAt: string;
            finishedAt: string | null;
            /** @enum {string} */
            outcome: "running" | "complete" | "partial" | "failed" | "reverted";
            reason: string | null;
            seen: number;
            new: number;
            changed: number;
            ended: number;
            requests: number;
            /** @description When what it wrote was taken back; null: it was not */
            revertedAt: string | null;
            revertedBy: string | null;
            revertReason: string | null;
        };
        /** @description One thing that the provider lists, as it was at one moment */
        Resource: {
            /** @example 17 */
            resourceId: number;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            account: string;
            /** @example droplet */
            kind: string;
            /**
             * @description The provider's id
             * @example 3164494
             */
            externalId: string;
            urn: string | null;
            /** @example acme-web */
            name: string;
            /**
             * @description The provider's word
             * @example active
             */
            status: string;
            region: string | null;
            tags: string[];
            /**
             * @description As kind:external_id
             * @example [
             *       "droplet:3164494"
             *     ]
             */
            parents: string[];
            /** @description Facts that billing reads */
            attributes: {
                [key: string]: unknown;
            };
            /** @description The provider's id of the project that holds it */
            project: string | null;
            /**
             * Format: date-time
             * @description Since when all of this is so
             * @example 2026-05-01T06:00:00Z
             */
            since: string;
        };
        /** @description One resource: what it was when, and how we know */
        ResourceHistory: {
            /** @example 17 */
            resourceId: number;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            account: string;
            /** @example droplet */
            kind: string;
            externalId: string;
            urn: string | null;
            /** @description By the provider */
            createdAt: string | null;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            firstSeenAt: string;
            states: {
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                from: string;
                /** @description null: still so */
                to: string | null;
                /**
                 * Format: date-time
                 * @description When we knew
                 * @example 2026-05-01T06:00:00Z
                 */
                recordedAt: string;
                /** @enum {string} */
                source: "listing" | "action" | "operator" | "assumed";
                syncRunId: number | null;
                recordedBy: string | null;
                name: string;
                status: string;
                region: string | null;
                tags: string[];
                parents: string[];
                attributes: {
                    [key: string]: unknown;
                };
            }[];
            /** @description Projects that held it */
            memberships: {
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                from: string;
                /** @description null: still so */
                to: string | null;
                /**
                 * Format: date-time
                 * @description When we knew
                 * @example 2026-05-01T06:00:00Z
                 */
                recordedAt: string;
                /**
                 * @description listing: the project shows it; resource: none does, and it says itself which one it is in
                 * @enum {string}
                 */
                source: "listing" | "resource" | "action" | "operator" | "assumed";
                syncRunId: number | null;
                recordedBy: string | null;
                project: string;
            }[];
        };
        /** @description How one resource was configured when, and how we know */
        ResourceSettings: {
            /** @example 17 */
            resourceId: number;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            account: string;
            /** @example droplet */
            kind: string;
            externalId: string;
            urn: string | null;
            /** @description In order; each differs from the one before */
            phases: {
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                from: string;
                /** @description null: still so */
                to: string | null;
                /**
                 * Format: date-time
                 * @description When we knew
                 * @example 2026-05-01T06:00:00Z
                 */
                recordedAt: string;
                /** @enum {string} */
                source: "listing" | "action" | "operator" | "assumed";
                syncRunId: number | null;
                recordedBy: string | null;
                /**
                 * @description Flat keys to canonical values
                 * @example {
                 *       "backups": true,
                 *       "size": "s-1vcpu-1gb"
                 *     }
                 */
                settings: {
                    [key: string]: unknown;
                };
                /** @description Keys that the token may not see: their values are what was known last */
                hidden: string[];
            }[];
        };
        /** @description What the provider charges for one thing on a day */
        ProviderPrice: {
            /**
             * @description What has the price
             * @example droplet_size:s-1vcpu-1gb
             */
            subject: string;
            /**
             * @description operator: an own price; api: the provider's API; published: shipped with the program
             * @enum {string}
             */
            source: "operator" | "api" | "published";
            /** @example USD */
            currency: string;
            /**
             * @description Of one unit
             * @example 6
             */
            amount: string;
            /** @example month */
            unit: string;
            /**
             * @description What an hour costs, where the provider says so itself
             * @example 0.00893
             */
            hourly: string | null;
            /** @description null: an operator says so */
            certainty: ("official" | "reported" | "inferred") | null;
            /** @description What it rests on */
            evidence: string;
            /**
             * Format: date
             * @description When that was read or entered
             * @example 2026-05-01
             */
            evidenceDay: string;
            /** @description The account that the API told, or whose own price it is; null: of all */
            account: string | null;
            /** @description Of the API: the newest listing that showed it at this price */
            lastSeenAt: string | null;
            /**
             * Format: date
             * @description The first day on which this holds
             * @example 2026-05-01
             */
            since: string;
            /** @description A size that the provider's newest listing does not show: its last price */
            old: boolean;
        };
        /** @description All that is known of what the provider charges for one thing */
        ProviderPriceHistory: {
            /**
             * @description What has the price
             * @example droplet_size:s-1vcpu-1gb
             */
            subject: string;
            /** @description Today; null: nobody says */
            price: components["schemas"]["ProviderPrice"] | null;
            /** @description By source, the newest first */
            history: {
                /**
                 * @description operator: an own price; api: the provider's API; published: shipped with the program
                 * @enum {string}
                 */
                source: "operator" | "api" | "published";
                /** @example USD */
                currency: string;
                /**
                 * @description Of one unit
                 * @example 6
                 */
                amount: string;
                /** @example month */
                unit: string;
                /**
                 * @description What an hour costs, where the provider says so itself
                 * @example 0.00893
                 */
                hourly: string | null;
                /** @description null: an operator says so */
                certainty: ("official" | "reported" | "inferred") | null;
                /** @description What it rests on */
                evidence: string;
                /**
                 * Format: date
                 * @description When that was read or entered
                 * @example 2026-05-01
                 */
                evidenceDay: string;
                /** @description The account that the API told, or whose own price it is; null: of all */
                account: string | null;
                /** @description Of the API: the newest listing that showed it at this price */
                lastSeenAt: string | null;
                /**
                 * Format: date
                 * @description A UTC day
                 * @example 2026-05-01
                 */
                from: string;
                /** @description The first day on which it does not hold; null: still so */
                to: string | null;
                /** @description false: a size that was not listed any more */
                listed: boolean;
                /** @description When we knew; null: shipped with the program */
                recordedAt: string | null;
                recordedBy: string | null;
            }[];
        };
        /** @description Who pays */
        Customer: {
            /**
             * @description arcadia-app's id of a customer
             * @example c-17
             */
            customer: string;
            /** @example Acme Ltd */
            name: string;
            /**
             * @description ISO 4217
             * @example USD
             */
            currency: string;
            deployments: number;
        };
        /** @description A customer's running system */
        Deployment: {
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            deployment: string;
            /** @example Acme shop */
            name: string;
            /** @description null: unattributed, which nobody pays for */
            customer: string | null;
            customerName: string | null;
            currency: string | null;
            /** @description Nothing before it is metered for it */
            startsAt: string | null;
        };
        /** @description An interval in which a deployment owned a resource, or a share of it */
        Ownership: {
            /** @example 17 */
            resourceId: number;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            account: string;
            /** @example droplet */
            kind: string;
            externalId: string;
            name: string;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            from: string;
            /** @description null: still so */
            to: string | null;
            /**
             * @description Of weightTotal: the share
             * @example 1
             */
            weight: number;
            /** @example 1 */
            weightTotal: number;
            /**
             * @description What said so; never told to customers
             * @example project
             */
            rule: string | null;
        };
        /** @description What a rule says over an interval */
        Rule: {
            ruleId: number;
            /** @enum {string} */
            kind: "manual" | "project" | "deployment_tag" | "tag" | "name" | "inheritance";
            /**
             * @description A decimal: rules are tried by it
             * @example 400
             */
            position: string;
            /** @description The provider's id, of a link to a project */
            project: string | null;
            projectName: string | null;
            /** @example acme-* */
            pattern: string | null;
            /** @description null: every kind */
            resourceKinds: string[] | null;
            /** @enum {string} */
            origin: "built in" | "declared" | "import";
            /** @description null: a built-in rule, which finds the owner itself */
            owners: {
                /**
                 * @description Lower-case letters, digits and hyphens, 63 at most
                 * @example acme
                 */
                deployment: string;
                weight: number;
            }[] | null;
            /** @description null: the beginning of history */
            from: string | null;
            /** @description null: no end */
            to: string | null;
        };
        /** @description A deployment's usage of a range of days */
        Usage: {
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            deployment: string;
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            from: string;
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            to: string;
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            meteredThrough: string;
            /**
             * @description Decimal, by billing kind
             * @example {
             *       "droplet_hours": "744",
             *       "dns_zones": "2"
             *     }
             */
            usage: {
                [key: string]: string;
            };
        };
        /** @description Usage of one kind on one UTC day */
        UsageOfDay: {
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            day: string;
            /**
             * @description A billing kind
             * @example droplet_hours
             */
            kind: string;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            quantity: string;
            /** @example 3 */
            records: number;
        };
        /** @description What is left of a month whose records were past their retention */
        RolledUpMonth: {
            /**
             * @description A UTC calendar month
             * @example 2024-05
             */
            month: string;
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            from: string;
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            to: string;
            /**
             * @description Of the month's days from `from` to `to`: its part of the sum
             * @example 744.5
             */
            quantity: string;
            /**
             * @description Of the whole month
             * @example 744.5
             */
            monthQuantity: string;
            /** @description How many records were added up, and then removed */
            records: number;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            rolledUpAt: string;
            /** @description SHA-256 of the records, in hex: it proves a copy of them to be what was added up */
            digest: string;
            /** @description All of this in a sentence */
            note: string;
        };
        /** @description What one resource adds to a sum, and why */
        ExplainedResource: {
            /** @example 17 */
            resourceId: number;
            /**
             * @description A kind of resource
             * @example droplet
             */
            resourceKind: string;
            /** @example 3164494 */
            externalId: string;
            name: string | null;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            quantity: string;
            /**
             * @description What of it is no longer so: the next metering replaces it
             * @example 744.5
             */
            pending: string;
            readonly days: {
                /**
                 * Format: date
                 * @description A UTC day
                 * @example 2026-05-01
                 */
                day: string;
                records: number;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                quantity: string;
                revision: number;
                observation: ("confirmed" | "carried forward") | null;
            }[];
            /** @description Of a peak or a percentile; empty of a sum */
            readonly months: components["schemas"]["RaisedMonth"][];
            readonly intervals: {
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                from: string;
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                to: string;
                /**
                 * @description What counts at each instant
                 * @example 744.5
                 */
                level: string;
                /**
                 * @description null: all of it
                 * @example 1/3
                 */
                share: string | null;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                quantity: string;
                status: string | null;
                attributes: {
                    [key: string]: unknown;
                } | null;
                source: ("listing" | "action" | "operator" | "assumed") | null;
                carriedForwardFrom: string | null;
                cause: {
                    stateSince: string | null;
                    /** @description When we knew */
                    recordedAt: string | null;
                    recordedBy: string | null;
                    syncRun: {
                        id: number;
                        kind: string;
                        /**
                         * Format: date-time
                         * @description UTC
                         * @example 2026-05-01T06:00:00Z
                         */
                        startedAt: string;
                    } | null;
                    /** @description Of the provider's action log */
                    action: {
                        id: string;
                        type: string;
                        /**
                         * Format: date-time
                         * @description UTC
                         * @example 2026-05-01T06:00:00Z
                         */
                        completedAt: string;
                    } | null;
                    /**
                     * @description With shares where there are several
                     * @example acme 1/3, beta 2/3
                     */
                    owners: string | null;
                    rule: {
                        id: number;
                        kind: string;
                        pattern: string | null;
                        project: string | null;
                        recordedBy: string | null;
                        recordedAt: string | null;
                    } | null;
                    assignment: {
                        by: string;
                        /**
                         * Format: date-time
                         * @description UTC
                         * @example 2026-05-01T06:00:00Z
                         */
                        at: string;
                    } | null;
                } | null;
            }[];
            more: {
                intervals: number;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                quantity: string;
            } | null;
        };
        /** @description How a peak or a percentile of a month came about */
        RaisedMonth: {
            /**
             * @description A UTC calendar month
             * @example 2026-05
             */
            month: string;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            from: string;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            to: string;
            /**
             * @description The figure of the resource at `from`, whoever owned it
             * @example 744.5
             */
            before: string;
            /**
             * @description The same at `to`
             * @example 744.5
             */
            level: string;
            /**
             * @description How much of the month's time does not count; 0 for a peak
             * @example 744.5
             */
            discardedSeconds: string;
            /**
             * @description How long, up to `to`, a level was held that is at least `level`
             * @example 744.5
             */
            heldSeconds: string;
            /**
             * @description How long a greater one: no longer than discardedSeconds
             * @example 744.5
             */
            aboveSeconds: string;
            /** @description When the figure rose while it was the deployment that owned the resource, or a share */
            readonly raises: {
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                at: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                before: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                level: string;
                share: string | null;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                quantity: string;
            }[];
            more: {
                raises: number;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                quantity: string;
            } | null;
        };
        /** @description What is metered, and how, as it stands on a day */
        BillingKind: {
            /**
             * @description A billing kind
             * @example droplet_hours
             */
            kind: string;
            /** @example Droplet hours, running */
            title: string;
            /**
             * @description A kind of resource
             * @example droplet
             */
            resourceKind: string;
            /** @enum {string} */
            accrual: "hours" | "month";
            /** @enum {string} */
            aggregation: "sum" | "peak" | "percentile";
            percentile: string | null;
            /** @example hour */
            unit: string;
            statuses: string[] | null;
            filter: {
                [key: string]: string | number | boolean;
            };
            weight: {
                attribute: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                divisor: string;
            } | null;
            enabled: boolean;
            /** @enum {string} */
            granularity: "day" | "hour";
            /** @example 730 */
            retentionDays: number;
        };
        /** @description One metering of one day */
        MeteringRun: {
            /**
             * @description Marks all that it wrote
             * @example 41
             */
            revision: number;
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            day: string;
            /** @enum {string} */
            cause: "first" | "changes" | "config" | "verify";
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            startedAt: string;
            inserted: number;
            changed: number;
            deleted: number;
        };
        /** @description What one deployment used of one kind */
        UsageOfKind: {
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            deployment: string;
            /**
             * @description A billing kind
             * @example droplet_hours
             */
            kind: string;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            quantity: string;
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            meteredThrough: string;
        };
        /** @description An operator's attestation that what is recorded is right */
        UsageAttestation: {
            /** @example 4 */
            confirmationId: number;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            account: string;
            /**
             * @description A kind of resource
             * @example droplet
             */
            resourceKind: string;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            through: string;
            reason: string;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            recordedAt: string;
            recordedBy: string;
            /** @description null: it stands */
            withdrawnAt: string | null;
            withdrawnBy: string | null;
        };
        /** @description A fact about a time whose usage records are gone */
        LateFact: {
            changeId: number;
            resourceId: number;
            /**
             * @description A kind of resource
             * @example droplet
             */
            resourceKind: string;
            externalId: string;
            /** @example state */
            cause: string;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            from: string;
            /** @description null: to this day */
            to: string | null;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            recordedAt: string;
            /** @description Billing kinds that it would have changed */
            readonly kinds: string[];
        };
        /** @description How long metering goes on without seeing */
        ObservationLimit: {
            /**
             * @description *: every kind without limits of its own
             * @example droplet
             */
            resourceKind: string;
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            fromDay: string;
            /**
             * @description So long without a complete listing is a gap
             * @example 6
             */
            gapAfterHours: number;
            /**
             * @description For so long usage is carried forward
             * @example 72
             */
            carryForwardHours: number;
        };
        /** @description A month of a billing kind that is past its retention */
        RetentionDue: {
            /**
             * @description A billing kind
             * @example droplet_hours
             */
            kind: string;
            /**
             * @description A UTC calendar month
             * @example 2024-05
             */
            month: string;
            /**
             * @description kept: it is not final
             * @enum {string}
             */
            outcome: "due" | "kept";
            /** @description Why it is kept */
            reason: string | null;
        };
        /** @description An alert whose threshold was reached */
        AlertFiring: {
            alertId: number;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            deployment: string;
            /**
             * @description A UTC calendar month
             * @example 2026-05
             */
            month: string;
            /** @description null: the amount */
            kind: string | null;
            /**
             * @description What is metered so far, or the month's end as foreseen
             * @enum {string}
             */
            basis: "to_date" | "forecast";
            /**
             * @description An exact decimal
             * @example 744.5
             */
            value: string;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            threshold: string;
            /** @description %, a currency, or the kind whose units they are */
            unit: string;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            firedAt: string;
        };
        /** @description A threshold on what a month costs or uses */
        Alert: {
            id: number;
            /** @description null: each deployment that is on a plan */
            deployment: string | null;
            /** @description A billing kind; null: what the month itself costs */
            kind: string | null;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            threshold: string;
            /**
             * @description percent: of the kind's allowance, or of the plan's base fee
             * @enum {string}
             */
            unit: "absolute" | "percent";
            /** @description Of an absolute amount */
            currency: string | null;
            /**
             * @description What is metered so far, or the month's end as foreseen
             * @enum {string}
             */
            basis: "to_date" | "forecast";
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            createdAt: string;
            createdBy: string;
        };
        /** @description An estimate: what a month costs. Binds nobody */
        Quote: {
            /**
             * @description Of several, the last
             * @example acme
             */
            plan: string;
            currency: string;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            base: string;
            readonly baseFees?: {
                /**
                 * @description Lower-case letters, digits and hyphens, 63 at most
                 * @example acme
                 */
                plan: string;
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                from: string;
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                to: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                amount: string;
            }[];
            readonly lines: {
                kind: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                quantity: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                allowance: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                fromEarlierPhase?: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                carriedIn?: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                carriedOut?: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                billable: string;
                /** @description null: units differ in price, or have none */
                unitPrice: string | null;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                amount: string;
                model?: string;
                readonly tiers?: {
                    /**
                     * @description An exact decimal
                     * @example 744.5
                     */
                    from: string;
                    upTo: string | null;
                    /**
                     * @description An exact decimal
                     * @example 744.5
                     */
                    units: string;
                    /**
                     * @description An exact decimal
                     * @example 744.5
                     */
                    unitPrice: string;
                    /**
                     * @description An exact decimal
                     * @example 744.5
                     */
                    flatFee: string;
                    /**
                     * @description An exact decimal
                     * @example 744.5
                     */
                    amount: string;
                }[];
                /** @enum {string} */
                limitedBy?: "minimum" | "cap";
                /**
                 * @description Lower-case letters, digits and hyphens, 63 at most
                 * @example acme
                 */
                plan?: string;
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                from?: string;
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                to?: string;
            }[];
            /**
             * @description The sum of the lines' amounts
             * @example 744.5
             */
            overage: string;
            readonly adjustments?: {
                /** @enum {string} */
                cause: "minimum" | "cap" | "discount";
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                amount: string;
            }[];
            /**
             * @description The sum of base, overage and adjustments
             * @example 744.5
             */
            total: string;
            readonly otherTotals?: {
                currency: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                total: string;
            }[];
            /** @description What was used while paused or on no plan */
            readonly uncharged?: {
                /** @enum {string} */
                reason: "paused" | "no_plan";
                billingKind: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                quantity: string;
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                from: string;
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                to: string;
            }[];
            /** @description Where more units would cost less */
            readonly cliffs?: {
                kind: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                moreUnits: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                amount: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                amountWithMore: string;
            }[];
        };
        /** @description What a deployment is on */
        Subscription: {
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            deployment: string;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            plan: string;
            paused: boolean;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            from: string;
            /** @description null: until it is changed */
            to: string | null;
        };
        /** @description A price list from a day on */
        PlanVersion: {
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            plan: string;
            name: string;
            /**
             * Format: date
             * @description The first day on which this version holds
             * @example 2026-05-01
             */
            from: string;
            currency: string;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            base: string;
            /** @description month, quarter, year, or a number of months such as 6 months */
            baseEvery: string;
            /** @enum {string} */
            baseDue: "arrears" | "advance";
            minimum: string | null;
            cap: string | null;
            discount: {
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                percent?: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                amount?: string;
                until: string | null;
            } | null;
            items: {
                kind: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                allowance: string;
                carryOver: {
                    months: number;
                    limit: string | null;
                } | null;
                /** @example standard */
                model: string;
                /** @description Of the model; see the plan file schema */
                properties: {
                    [key: string]: unknown;
                };
                minimum: string | null;
                cap: string | null;
            }[];
        };
        /** @description What a plan file changes, for whom, in money */
        PlanChange: {
            file: string;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            plan: string;
            /**
             * Format: date
             * @description A UTC day
             * @example 2026-05-01
             */
            from: string;
            /** @enum {string} */
            status: "unchanged" | "new_plan" | "new_version" | "edited";
            /** @description The first day of the version that it is compared with */
            comparedWith: string | null;
            readonly differences: {
                what: string;
                before: string | null;
                after: string | null;
            }[];
            readonly warnings: {
                code: string;
                readonly path: (string | number)[];
                message: string;
                /** @description The operation that helps, and what to call it with */
                next?: {
                    /** @example kind set */
                    operation: string;
                    arguments: {
                        [key: string]: string | number | boolean;
                    };
                } | null;
            }[];
            /** @description What it would have cost in the last complete month, and in the current one to date */
            impact: {
                currency: string;
                deployments: number;
                months: {
                    month: string;
                    complete: boolean;
                    sum: {
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        before: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        after: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        difference: string;
                    };
                }[];
                readonly most: {
                    /**
                     * @description Lower-case letters, digits and hyphens, 63 at most
                     * @example acme
                     */
                    deployment: string;
                    readonly months: {
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        before: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        after: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        difference: string;
                    }[];
                }[];
                /** @description Each month up to the current one whose bill becomes another, issued or not */
                bills: {
                    month: string;
                    complete: boolean;
                    deployments: number;
                    sum: {
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        before: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        after: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        difference: string;
                    };
                }[];
            } | null;
        };
        /** @description How a customer is billed over time, the oldest first */
        CustomerBilling: {
            /** @description arcadia-app's id of the customer */
            customer: string;
            history: {
                /** @description null: from the beginning */
                from: string | null;
                /** @description null: still so */
                to: string | null;
                /** @description The legal entity that bills; null: the default one */
                entity: string | null;
                /** @description null: the customer's name */
                legalName: string | null;
                address: string[];
                taxIds: string[];
                poNumber: string | null;
                email: string | null;
                tradingName: string | null;
                city: string | null;
                postalCode: string | null;
                country: string | null;
                vatId: string | null;
                registrationId: string | null;
                registrationScheme: string | null;
                electronicAddress: string | null;
                electronicScheme: string | null;
                contact: string | null;
                phone: string | null;
                buyerReference: string | null;
                /** @description null: the legal entity's */
                termsDays: number | null;
                /**
                 * @description Lower-case letters, digits and hyphens, 63 at most
                 * @example standard
                 */
                taxCategory: string;
                /** @enum {string} */
                taxTreatment: "taxed" | "exempt" | "reverse_charge";
                /** @description Why no tax is charged, as printed */
                taxNote: string | null;
                recordedAt: string | null;
                recordedBy: string;
            }[];
        };
        /** @description A company that bills */
        LegalEntity: {
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            entity: string;
            /** @description It bills those customers for whom no other is named */
            isDefault: boolean;
            /** @description null: not told yet; nothing is issued without it */
            name: string | null;
            address: string[];
            taxIds: string[];
            email: string | null;
            tradingName: string | null;
            city: string | null;
            postalCode: string | null;
            country: string | null;
            vatId: string | null;
            registrationId: string | null;
            registrationScheme: string | null;
            electronicAddress: string | null;
            electronicScheme: string | null;
            contact: string | null;
            phone: string | null;
            iban: string | null;
            bic: string | null;
            accountName: string | null;
            paymentTerms: string | null;
            footer: string | null;
            /** @enum {string} */
            numbering: "own" | "external";
            /** @example INV- */
            invoicePrefix: string;
            /** @example CN- */
            creditNotePrefix: string;
            numberDigits: number;
            termsDays: number;
            graceDays: number;
            /** @description sha256 of the image on its documents */
            logo: string | null;
            /** @description sha256 of the font of its own */
            font: string | null;
        };
        /** @description What a legal entity charges on a category, over days */
        TaxRate: {
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            entity: string;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example standard
             */
            category: string;
            /**
             * @description As printed
             * @example VAT
             */
            title: string;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            percent: string;
            /** @description null: from the beginning */
            from: string | null;
            /** @description null: still so */
            to: string | null;
        };
        /** @description What an issued month costs now beyond what was issued and decided */
        Correction: {
            customer: string;
            /**
             * @description Lower-case letters, digits and hyphens, 63 at most
             * @example acme
             */
            deployment: string;
            /**
             * @description A UTC calendar month
             * @example 2026-05
             */
            month: string;
            currency: string;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            amount: string;
            lines: {
                component: string;
                description: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                costs: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                issued: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                decided: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                amount: string;
            }[];
        };
        /** @description What a customer owes for a month */
        Invoice: {
            invoiceId: number;
            /** @description null: not issued */
            number: string | null;
            /** @enum {string} */
            kind: "invoice" | "credit_note";
            /** @enum {string} */
            state: "draft" | "approved" | "issued" | "void";
            /** @description arcadia-app's id of the customer */
            customer: string;
            customerName: string;
            /** @description The legal entity that bills; empty for a customer */
            entity: string;
            /**
             * @description A UTC calendar month
             * @example 2026-05
             */
            month: string;
            currency: string;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            subtotal: string;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            tax: string;
            /**
             * @description An exact decimal
             * @example 744.5
             */
            total: string;
            issuedAt: string | null;
            dueOn: string | null;
            /** @description The invoice that a credit note takes back a part of */
            credits: string | null;
            /** @description sha256 of the canonical JSON */
            documentDigest: string | null;
            /** @description As the customer reads it too */
            voidReason: string | null;
        };
        /** @description The whole of an invoice: parties, sections with their lines, taxes and totals */
        InvoiceDocument: {
            /** @constant */
            format: "arcadia-invoice/1";
            currency: string;
            buyer: {
                name: string;
            } & {
                [key: string]: unknown;
            };
            sections: ({
                deployment: string | null;
                lines: ({
                    position: number;
                    description: string;
                    kind: string;
                    /**
                     * @description A UTC calendar month
                     * @example 2026-05
                     */
                    serviceMonth: string;
                    quantity: string | null;
                    unit: string | null;
                    unitPrice: string | null;
                    /**
                     * @description An exact decimal
                     * @example 744.5
                     */
                    amount: string;
                    period?: {
                        from: string;
                        to: string;
                    } & {
                        [key: string]: unknown;
                    };
                    details: {
                        [key: string]: unknown;
                    };
                } & {
                    [key: string]: unknown;
                })[];
            } & {
                [key: string]: unknown;
            })[];
            /**
             * @description An exact decimal
             * @example 744.5
             */
            subtotal: string;
            taxes: ({
                title: string | null;
                treatment: string;
                percent: string;
                /**
                 * @description An exact decimal
                 * @example 744.5
                 */
                amount: string;
            } & {
                [key: string]: unknown;
            })[];
            /**
             * @description An exact decimal
             * @example 744.5
             */
            total: string;
        } & {
            [key: string]: unknown;
        };
        Job: {
            /**
             * Format: uuid
             * @example 0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e
             */
            id: string;
            queue: string;
            job: string;
            arguments: {
                [key: string]: string | number | boolean | null;
            };
            /**
             * @description A dead job has failed as often as it may
             * @enum {string}
             */
            state: "waiting" | "scheduled" | "running" | "completed" | "cancelled" | "dead";
            /** @description 1 for the first; 0: not started */
            attempt: number;
            attemptsMax: number;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description It runs no sooner
             * @example 2026-05-01T06:00:00Z
             */
            runAfter: string;
            startedAt: string | null;
            endedAt: string | null;
            /** @description Why it failed, waits again or was cancelled */
            reason: string | null;
        };
        Queue: {
            queue: string;
            /** @description Jobs that one process runs at a time; of `exclusive`, all processes together */
            limit: number;
            /** @description One job at a time over all processes */
            exclusive: boolean;
            paused: boolean;
            running: number;
            waiting: number;
            /** @description Waiting for a time */
            scheduled: number;
            dead: number;
            /** @description How long the oldest of those that wait has waited */
            lagSeconds: number;
            /** @description Where it is otherwise on one worker */
            readonly workers: {
                worker: string;
                limit: number;
                paused: boolean;
            }[];
        };
        ScheduledJob: {
            name: string;
            /**
             * @description UTC
             * @example *\/15 * * * *
             */
            cron: string;
            job: string;
            arguments: {
                [key: string]: string | number | boolean | null;
            };
            queue: string;
            /**
             * Format: date-time
             * @description In the past while no worker runs
             * @example 2026-05-01T06:00:00Z
             */
            next: string;
            last: string | null;
        };
        /** @description Tokens that are refused: those for which all that it says holds */
        TokenRevocation: {
            revocation: number;
            tokenId: string | null;
            subject: string | null;
            issuedBefore: string | null;
            reason: string;
            /**
             * Format: date-time
             * @description UTC
             * @example 2026-05-01T06:00:00Z
             */
            revokedAt: string;
            revokedBy: string;
            /** @description Kept until then, when the tokens have ended; null: for ever */
            expiresAt: string | null;
        };
        /** @description What no longer records, refuses or hides as it was made to */
        GuardFault: {
            /**
             * @description not_always: session_replication_role switches it off
             * @enum {string}
             */
            what: "missing" | "changed" | "unexpected" | "disabled" | "replica_only" | "not_always" | "replication_role";
            /** @description trigger, function, policy, relation, rule, role, reference or setting */
            kind: string;
            /** @description The table or view; null for what stands on none */
            relation: string | null;
            name: string;
            /** @description As the migrations made it; of a function with its SHA-256 */
            expected: string | null;
            found: string | null;
            /** @description Since when, as far as it can be known */
            since: {
                /** @description When what is there was written; null: not known */
                at: string | null;
                /** @description The last time before; null: not known */
                after: string | null;
                /** @description The entry of the log that shows this; null: an anchor does */
                afterEntry: number | null;
                /** @description The first time at which it was seen to be so; null: now */
                before: string | null;
            };
        };
        /** @description What a place outside of the database says of the log */
        AnchorPlace: {
            place: string;
            /** @description Why it could not be read; null: it was */
            problem: string | null;
            /** @description How many anchors of this database it has, with our signature */
            checked: number;
            newestAt: string | null;
            /** @description Anchors that the log no longer holds to, the oldest first; a hundred at most */
            readonly broken: {
                position: number;
                /**
                 * Format: date-time
                 * @description UTC
                 * @example 2026-05-01T06:00:00Z
                 */
                at: string;
                /** @enum {string} */
                what: "cut" | "remade";
            }[];
            /** @description Numbers of lines that are no anchors, or were altered */
            readonly altered: number[];
            /** @description Anchors that are signed with another secret key: they prove nothing */
            otherKey: number;
        };
    };
    responses: {
        /** @description Bad Request: a problem of RFC 9457 */
        Problem400: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Unauthorized: a problem of RFC 9457 */
        Problem401: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                "WWW-Authenticate": components["headers"]["WWWAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Forbidden: a problem of RFC 9457 */
        Problem403: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Not Acceptable: a problem of RFC 9457 */
        Problem406: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too Many Requests: a problem of RFC 9457 */
        Problem429: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Internal Server Error: a problem of RFC 9457 */
        Problem500: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Service Unavailable: a problem of RFC 9457 */
        Problem503: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Not Found: a problem of RFC 9457 */
        Problem404: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Conflict: a problem of RFC 9457 */
        Problem409: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Payload Too Large: a problem of RFC 9457 */
        Problem413: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Unsupported Media Type: a problem of RFC 9457 */
        Problem415: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Unprocessable Entity: a problem of RFC 9457 */
        Problem422: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Bad Gateway: a problem of RFC 9457 */
        Problem502: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Precondition Failed: a problem of RFC 9457 */
        Problem412: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Precondition Required: a problem of RFC 9457 */
        Problem428: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Gone: a problem of RFC 9457 */
        Problem410: {
            headers: {
                "X-Request-Id": components["headers"]["XRequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description The same key with the same request is done once and answered the same for 24 hours. */
        IdempotencyKey: string;
        /** @description The ETag of what is changed, as its GET gave it; `*` for whatever it is now. */
        IfMatch: string;
        /** @description The ETag of what it is about, as its GET gave it: refused (412) where that has changed since. */
        IfMatchIfWanted: string;
        /** @description The last id that the reader has seen: it hears what came after. */
        LastEventId: string;
        /** @description An ETag: while it is still so, the answer is 304 without a body. */
        IfNoneMatch: string;
    };
    requestBodies: never;
    headers: {
        /** @description The caller's X-Request-Id, or a new one */
        XRequestId: string;
        /** @description Changes when it does; for If-Match and If-None-Match */
        ETag: string;
        /** @description One for each job that follows, `rel="monitor"`: where to ask whether it has ended. Not on a replayed answer */
        Link: string;
        /** @description Where it is now */
        Location: string;
        /** @description `true` where the answer is that of an earlier request */
        IdempotencyReplayed: string;
        /** @description What is left of the quota, and when it is whole again: `"default";r=1199;t=60` */
        RateLimit: string;
        /** @description The quota: `"default";q=1200;w=60` */
        RateLimitPolicy: string;
        /** @description Seconds */
        RetryAfter: number;
        /** @description RFC 6750 */
        WWWAuthenticate: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listAccounts: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "account": "acme",
                     *           "name": "Acme Ltd",
                     *           "provider": "digitalocean",
                     *           "apiUrl": "https://api.digitalocean.com",
                     *           "providerAccountId": "text",
                     *           "simulated": true,
                     *           "connectedAt": "2026-05-01T06:00:00Z",
                     *           "meteredFrom": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Account"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    connectAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "dop_v1_0123456789abcdef"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description A read-only API token
                     * @example dop_v1_0123456789abcdef
                     */
                    token: string;
                    /**
                     * @description Lower-case letters, digits and hyphens, 63 at most
                     * @example acme
                     */
                    account?: string;
                    name?: string;
                    /**
                     * Format: date-time
                     * @description A moment
                     * @example 2026-05-01T06:00:00Z
                     */
                    meteredFrom?: string;
                    /** @description A Spaces key, to see the buckets */
                    spaces?: {
                        accessKeyId: string;
                        secretAccessKey: string;
                        /** @default [] */
                        regions?: string[];
                    };
                };
            };
        };
        responses: {
            /** @description It was made */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acme",
                     *       "name": "Acme Ltd",
                     *       "provider": "digitalocean",
                     *       "apiUrl": "https://api.digitalocean.com",
                     *       "providerAccountId": "text",
                     *       "simulated": true,
                     *       "connectedAt": "2026-05-01T06:00:00Z",
                     *       "meteredFrom": "2026-05-01T06:00:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Account"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            502: components["responses"]["Problem502"];
            503: components["responses"]["Problem503"];
        };
    };
    getAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acme",
                     *       "name": "Acme Ltd",
                     *       "provider": "digitalocean",
                     *       "apiUrl": "https://api.digitalocean.com",
                     *       "providerAccountId": "text",
                     *       "simulated": true,
                     *       "connectedAt": "2026-05-01T06:00:00Z",
                     *       "meteredFrom": "2026-05-01T06:00:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Account"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    checkAccount: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "account": "acme",
                     *       "name": "text",
                     *       "scopes": [
                     *         {
                     *           "scope": "text",
                     *           "granted": "text",
                     *           "kinds": [
                     *             "droplet"
                     *           ],
                     *           "fields": [
                     *             "droplet.tags"
                     *           ],
                     *           "hidden": [
                     *             {
                     *               "kind": "text",
                     *               "hidden": 1
                     *             }
                     *           ],
                     *           "money": [
                     *             {
                     *               "kind": "volume",
                     *               "field": "text",
                     *               "resources": 1,
                     *               "unknown": 1,
                     *               "monthly": [
                     *                 {
                     *                   "currency": "text",
                     *                   "amount": "744.5"
                     *                 }
                     *               ]
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "unlisted": [
                     *         {
                     *           "kind": "text",
                     *           "hidden": 1,
                     *           "urns": [
                     *             "text"
                     *           ],
                     *           "since": "2026-05-01T06:00:00Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description Lower-case letters, digits and hyphens, 63 at most
                         * @example acme
                         */
                        account: string;
                        /** @description The account's name at the provider */
                        name: string;
                        scopes: {
                            scope: string;
                            granted: string;
                            /**
                             * @description The kinds that it lists
                             * @example [
                             *       "droplet"
                             *     ]
                             */
                            kinds: string[];
                            /**
                             * @description The fields of other kinds that it shows
                             * @example [
                             *       "droplet.tags"
                             *     ]
                             */
                            fields: string[];
                            hidden: {
                                kind: string;
                                hidden: number;
                            }[];
                            /** @description Where it is not granted: what hangs on each kind and field that it hides */
                            money: {
                                /** @example volume */
                                kind: string;
                                /** @description The field that is hidden; null: the resources themselves */
                                field: string | null;
                                /** @description How many of the kind are known */
                                resources: number;
                                /** @description Of how many of them nobody knows what they cost */
                                unknown: number;
                                /** @description What the others cost in a month, by the price book and as they were last known */
                                readonly monthly: {
                                    currency: string;
                                    /**
                                     * @description An exact decimal
                                     * @example 744.5
                                     */
                                    amount: string;
                                }[];
                            }[];
                        }[];
                        /** @description What projects show and no listing does, with some of their URNs */
                        unlisted: {
                            kind: string;
                            hidden: number;
                            urns: string[];
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            since: string;
                        }[];
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            502: components["responses"]["Problem502"];
            503: components["responses"]["Problem503"];
        };
    };
    listSyncDays: {
        parameters: {
            query?: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                account?: string;
                kind?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "day": "2026-05-01",
                     *           "account": "acme",
                     *           "kind": "droplet",
                     *           "runs": 1,
                     *           "complete": 1,
                     *           "partial": 1,
                     *           "failed": 1,
                     *           "seen": 1,
                     *           "new": 1,
                     *           "changed": 1,
                     *           "ended": 1,
                     *           "requests": 1,
                     *           "seconds": 1
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["SyncDay"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listSyncRuns: {
        parameters: {
            query?: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                account?: string;
                kind?: string;
                outcome?: "running" | "complete" | "partial" | "failed" | "reverted";
                /** @description Only runs that began after this one */
                after?: number;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "syncRunId": 1,
                     *           "account": "acme",
                     *           "kind": "droplet",
                     *           "startedAt": "2026-05-01T06:00:00Z",
                     *           "finishedAt": "2026-05-01T06:00:00Z",
                     *           "outcome": "running",
                     *           "reason": "text",
                     *           "seen": 1,
                     *           "new": 1,
                     *           "changed": 1,
                     *           "ended": 1,
                     *           "requests": 1,
                     *           "revertedAt": "2026-05-01T06:00:00Z",
                     *           "revertedBy": "text",
                     *           "revertReason": "text"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["SyncRun"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    runSync: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /**
                     * @description Every account unless given
                     * @example acme
                     */
                    account?: string;
                    /**
                     * @description Only these kinds
                     * @example [
                     *       "droplet"
                     *     ]
                     */
                    kinds?: ("project" | "droplet" | "dns_zone" | "volume" | "reserved_ip" | "firewall" | "load_balancer" | "snapshot" | "droplet_backup" | "custom_image" | "spaces_bucket" | "database" | "kubernetes_cluster" | "app" | "vpc" | "certificate" | "action" | "size")[];
                };
            };
        };
        responses: {
            /** @description A job will do it */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accounts": [
                     *         "acme"
                     *       ],
                     *       "kinds": [
                     *         "text"
                     *       ],
                     *       "jobs": [
                     *         "sync_projects"
                     *       ],
                     *       "after": 1
                     *     }
                     */
                    "application/json": {
                        accounts: string[];
                        /** @description null: all */
                        kinds: string[] | null;
                        /**
                         * @example [
                         *       "sync_projects"
                         *     ]
                         */
                        jobs: string[];
                        /** @description The newest run of before: what this reads is in the runs after it */
                        after: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    revertSyncRun: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                run: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "text"
                 *     }
                 */
                "application/json": {
                    /** @description For the record */
                    reason: string;
                    /** @description With the later runs of the account that rest on it, the last first */
                    andLater?: boolean;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "syncRuns": [
                     *         {
                     *           "syncRunId": 1,
                     *           "account": "acme",
                     *           "kind": "text",
                     *           "startedAt": "2026-05-01T06:00:00Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @description What was reverted, the last first */
                        syncRuns: {
                            syncRunId: number;
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            account: string;
                            kind: string;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            startedAt: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listResources: {
        parameters: {
            query?: {
                /** @description Only this kind */
                kind?: string;
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                account?: string;
                /** @description As it was then; now unless given */
                at?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "resourceId": 17,
                     *           "account": "acme",
                     *           "kind": "droplet",
                     *           "externalId": "3164494",
                     *           "urn": "text",
                     *           "name": "acme-web",
                     *           "status": "active",
                     *           "region": "text",
                     *           "tags": [
                     *             "text"
                     *           ],
                     *           "parents": [
                     *             "droplet:3164494"
                     *           ],
                     *           "attributes": {},
                     *           "project": "text",
                     *           "since": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Resource"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getResource: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Our id, a URN, or `kind:provider's-id` */
                resource: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "resourceId": 17,
                     *       "account": "acme",
                     *       "kind": "droplet",
                     *       "externalId": "text",
                     *       "urn": "text",
                     *       "createdAt": "2026-05-01T06:00:00Z",
                     *       "firstSeenAt": "2026-05-01T06:00:00Z",
                     *       "states": [
                     *         {
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z",
                     *           "recordedAt": "2026-05-01T06:00:00Z",
                     *           "source": "listing",
                     *           "syncRunId": 1,
                     *           "recordedBy": "text",
                     *           "name": "text",
                     *           "status": "text",
                     *           "region": "text",
                     *           "tags": [
                     *             "text"
                     *           ],
                     *           "parents": [
                     *             "text"
                     *           ],
                     *           "attributes": {}
                     *         }
                     *       ],
                     *       "memberships": [
                     *         {
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z",
                     *           "recordedAt": "2026-05-01T06:00:00Z",
                     *           "source": "listing",
                     *           "syncRunId": 1,
                     *           "recordedBy": "text",
                     *           "project": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ResourceHistory"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getResourceSettings: {
        parameters: {
            query?: {
                /** @description Only how it was then; all phases unless given */
                at?: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Our id, a URN, or `kind:provider's-id` */
                resource: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "resourceId": 17,
                     *       "account": "acme",
                     *       "kind": "droplet",
                     *       "externalId": "text",
                     *       "urn": "text",
                     *       "phases": [
                     *         {
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z",
                     *           "recordedAt": "2026-05-01T06:00:00Z",
                     *           "source": "listing",
                     *           "syncRunId": 1,
                     *           "recordedBy": "text",
                     *           "settings": {
                     *             "backups": true,
                     *             "size": "s-1vcpu-1gb"
                     *           },
                     *           "hidden": [
                     *             "text"
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ResourceSettings"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listPrices: {
        parameters: {
            query?: {
                /** @description What has the price */
                subject?: string;
                /** @description Subjects of this kind: what stands before the colon */
                kind?: string;
                /** @description What this account is charged */
                account?: string;
                /** @description On this UTC day; today unless given */
                at?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "subject": "droplet_size:s-1vcpu-1gb",
                     *           "source": "operator",
                     *           "currency": "USD",
                     *           "amount": "6",
                     *           "unit": "month",
                     *           "hourly": "0.00893",
                     *           "certainty": "official",
                     *           "evidence": "text",
                     *           "evidenceDay": "2026-05-01",
                     *           "account": "acme",
                     *           "lastSeenAt": "2026-05-01T06:00:00Z",
                     *           "since": "2026-05-01",
                     *           "old": true
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["ProviderPrice"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getPrice: {
        parameters: {
            query?: {
                /** @description What this account is charged */
                account?: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description What has the price */
                subject: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "subject": "droplet_size:s-1vcpu-1gb",
                     *       "price": {
                     *         "subject": "droplet_size:s-1vcpu-1gb",
                     *         "source": "operator",
                     *         "currency": "USD",
                     *         "amount": "6",
                     *         "unit": "month",
                     *         "hourly": "0.00893",
                     *         "certainty": "official",
                     *         "evidence": "text",
                     *         "evidenceDay": "2026-05-01",
                     *         "account": "acme",
                     *         "lastSeenAt": "2026-05-01T06:00:00Z",
                     *         "since": "2026-05-01",
                     *         "old": true
                     *       },
                     *       "history": [
                     *         {
                     *           "source": "operator",
                     *           "currency": "USD",
                     *           "amount": "6",
                     *           "unit": "month",
                     *           "hourly": "0.00893",
                     *           "certainty": "official",
                     *           "evidence": "text",
                     *           "evidenceDay": "2026-05-01",
                     *           "account": "acme",
                     *           "lastSeenAt": "2026-05-01T06:00:00Z",
                     *           "from": "2026-05-01",
                     *           "to": "2026-05-01",
                     *           "listed": true,
                     *           "recordedAt": "2026-05-01T06:00:00Z",
                     *           "recordedBy": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ProviderPriceHistory"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    setPrice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description What has the price */
                subject: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "from": "2026-05-01",
                 *       "amount": "4.80"
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: date
                     * @description The first UTC day on which it holds
                     * @example 2026-05-01
                     */
                    from: string;
                    /**
                     * @description Of this account alone; of all unless given
                     * @example acme
                     */
                    account?: string;
                    /**
                     * @description Of one unit
                     * @example 4.80
                     */
                    amount: string;
                    /**
                     * @description That of the price which holds on the day unless given
                     * @example month
                     */
                    unit?: string;
                    /**
                     * @description That of the price which holds on the day, or USD, unless given
                     * @example USD
                     */
                    currency?: string;
                    /**
                     * @description What it rests on
                     * @example contract of 2026-02-01
                     */
                    evidence?: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "changed": true
                     *     }
                     */
                    "application/json": {
                        /** @description false: it was so already */
                        changed: boolean;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    unsetPrice: {
        parameters: {
            query: {
                /** @description The first UTC day on which it holds */
                from: string;
                /** @description That of this account; that of all unless given */
                account?: string;
            };
            header?: never;
            path: {
                /** @description What has the price */
                subject: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "changed": true
                     *     }
                     */
                    "application/json": {
                        /** @description false: it was so already */
                        changed: boolean;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listCustomers: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "customer": "c-17",
                     *           "name": "Acme Ltd",
                     *           "currency": "USD",
                     *           "deployments": 1
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Customer"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    createCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "customer": "c-17",
                 *       "name": "text",
                 *       "currency": "USD"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description arcadia-app's id of a customer
                     * @example c-17
                     */
                    customer: string;
                    name: string;
                    /**
                     * @description ISO 4217
                     * @example USD
                     */
                    currency: string;
                };
            };
        };
        responses: {
            /** @description It was made */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "customer": "c-17",
                     *       "name": "Acme Ltd",
                     *       "currency": "USD",
                     *       "deployments": 1
                     *     }
                     */
                    "application/json": components["schemas"]["Customer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getCustomer: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description arcadia-app's id of a customer */
                customer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "customer": "c-17",
                     *       "name": "Acme Ltd",
                     *       "currency": "USD",
                     *       "deployments": 1
                     *     }
                     */
                    "application/json": components["schemas"]["Customer"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    importCustomers: {
        parameters: {
            query?: {
                /** @description Write nothing; name each bad row */
                dryRun?: boolean;
            };
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example text */
                "text/csv": string;
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "written": true,
                     *       "problems": [
                     *         {
                     *           "line": 1,
                     *           "column": "text",
                     *           "reason": "text"
                     *         }
                     *       ],
                     *       "customers": {
                     *         "created": 1,
                     *         "updated": 1,
                     *         "unchanged": 1
                     *       },
                     *       "deployments": {
                     *         "created": 1,
                     *         "updated": 1,
                     *         "unchanged": 1
                     *       },
                     *       "projectLinks": {
                     *         "created": 1,
                     *         "updated": 1,
                     *         "unchanged": 1
                     *       },
                     *       "subscriptions": {
                     *         "created": 1,
                     *         "unchanged": 1,
                     *         "kept": 1
                     *       },
                     *       "differences": [
                     *         {
                     *           "line": 1,
                     *           "column": "text",
                     *           "before": "text",
                     *           "file": "text",
                     *           "written": true
                     *         }
                     *       ],
                     *       "differencesTotal": 1
                     *     }
                     */
                    "application/json": {
                        written: boolean;
                        problems: {
                            line: number;
                            column: string | null;
                            reason: string;
                        }[];
                        customers: {
                            created: number;
                            updated: number;
                            unchanged: number;
                        };
                        deployments: {
                            created: number;
                            updated: number;
                            unchanged: number;
                        };
                        projectLinks: {
                            created: number;
                            updated: number;
                            unchanged: number;
                        };
                        /** @description Deployments of the column plan; kept: on another plan, or off it, by a later decision */
                        subscriptions: {
                            created: number;
                            unchanged: number;
                            kept: number;
                        };
                        /** @description Where the file differs from what was there; written: it says what the file says now */
                        differences: {
                            line: number;
                            column: string;
                            before: string;
                            file: string;
                            written: boolean;
                        }[];
                        differencesTotal: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listDeployments: {
        parameters: {
            query?: {
                /** @description Only that customer's */
                customer?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "deployment": "acme",
                     *           "name": "Acme shop",
                     *           "customer": "c-17",
                     *           "customerName": "text",
                     *           "currency": "USD",
                     *           "startsAt": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Deployment"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    createDeployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "deployment": "acme",
                 *       "customer": "c-17"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description Lower-case letters, digits and hyphens, 63 at most
                     * @example acme
                     */
                    deployment: string;
                    /**
                     * @description arcadia-app's id of a customer
                     * @example c-17
                     */
                    customer: string;
                    /** @description The slug unless given */
                    name?: string;
                    /**
                     * Format: date-time
                     * @description Now unless given
                     * @example 2026-05-01T06:00:00Z
                     */
                    startsAt?: string;
                };
            };
        };
        responses: {
            /** @description It was made */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Location: components["headers"]["Location"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deployment": "acme",
                     *       "name": "Acme shop",
                     *       "customer": "c-17",
                     *       "customerName": "text",
                     *       "currency": "USD",
                     *       "startsAt": "2026-05-01T06:00:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getDeployment: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deployment": "acme",
                     *       "name": "Acme shop",
                     *       "customer": "c-17",
                     *       "customerName": "text",
                     *       "currency": "USD",
                     *       "startsAt": "2026-05-01T06:00:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    updateDeployment: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what is changed, as its GET gave it; `*` for whatever it is now. */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "startsAt": "2026-05-01T06:00:00Z"
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: date-time
                     * @description A moment
                     * @example 2026-05-01T06:00:00Z
                     */
                    startsAt: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deployment": "acme",
                     *       "name": "Acme shop",
                     *       "customer": "c-17",
                     *       "customerName": "text",
                     *       "currency": "USD",
                     *       "startsAt": "2026-05-01T06:00:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            428: components["responses"]["Problem428"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listOwnership: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "resourceId": 17,
                     *           "account": "acme",
                     *           "kind": "droplet",
                     *           "externalId": "text",
                     *           "name": "text",
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z",
                     *           "weight": 1,
                     *           "weightTotal": 1,
                     *           "rule": "project"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Ownership"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    assignResources: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "resources": [
                 *         "droplet:3164494"
                 *       ],
                 *       "owners": [
                 *         {
                 *           "deployment": "acme"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    /**
                     * @description Our ids, URNs, or `kind:provider's-id`
                     * @example [
                     *       "droplet:3164494"
                     *     ]
                     */
                    resources: (number | string)[];
                    owners: {
                        /**
                         * @description Lower-case letters, digits and hyphens, 63 at most
                         * @example acme
                         */
                        deployment: string;
                        /** @default 1 */
                        weight?: number;
                    }[];
                    /**
                     * Format: date-time
                     * @description The beginning of history unless given
                     * @example 2026-05-01T06:00:00Z
                     */
                    from?: string;
                    /**
                     * Format: date-time
                     * @description Not included; no end unless given
                     * @example 2026-05-01T06:00:00Z
                     */
                    to?: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "resources": 1,
                     *       "inserted": 1,
                     *       "superseded": 1
                     *     }
                     */
                    "application/json": {
                        resources: number;
                        /** @description Intervals that were written */
                        inserted: number;
                        /** @description Intervals that no longer hold */
                        superseded: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    unassignResources: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "resources": [
                 *         "droplet:3164494"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /**
                     * @description Our ids, URNs, or `kind:provider's-id`
                     * @example [
                     *       "droplet:3164494"
                     *     ]
                     */
                    resources: (number | string)[];
                    /**
                     * Format: date-time
                     * @description The beginning of history unless given
                     * @example 2026-05-01T06:00:00Z
                     */
                    from?: string;
                    /**
                     * Format: date-time
                     * @description Not included; no end unless given
                     * @example 2026-05-01T06:00:00Z
                     */
                    to?: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "resources": 1,
                     *       "inserted": 1,
                     *       "superseded": 1
                     *     }
                     */
                    "application/json": {
                        resources: number;
                        /** @description Intervals that were written */
                        inserted: number;
                        /** @description Intervals that no longer hold */
                        superseded: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listRules: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "ruleId": 1,
                     *           "kind": "manual",
                     *           "position": "400",
                     *           "project": "text",
                     *           "projectName": "text",
                     *           "pattern": "acme-*",
                     *           "resourceKinds": [
                     *             "text"
                     *           ],
                     *           "origin": "built in",
                     *           "owners": [
                     *             {
                     *               "deployment": "acme",
                     *               "weight": 1
                     *             }
                     *           ],
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Rule"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    applyRules: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "rules": [
                 *         {}
                 *       ]
                 *     }
                 */
                "application/json": {
                    rules: {
                        /** @description A name with * (any characters) and ? (one character) */
                        name?: string;
                        /** @description A tag, exactly */
                        tag?: string;
                        /** @description The provider's id of a project */
                        project?: string;
                        deployment?: string;
                        /** @description Deployments and the weights of their shares */
                        shares?: {
                            [key: string]: number;
                        };
                        /** @description From when on; the beginning of history by default */
                        from?: string;
                        /** @description Until when, not included; no end by default */
                        to?: string;
                        /** @description Kinds of resource it is for; every kind by default */
                        kinds?: string[];
                        /** @description Its place in the order of all rules */
                        position?: number;
                    }[];
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "added": 1,
                     *       "changed": 1,
                     *       "ended": 1,
                     *       "unchanged": 1
                     *     }
                     */
                    "application/json": {
                        added: number;
                        changed: number;
                        ended: number;
                        unchanged: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    previewRules: {
        parameters: {
            query?: {
                /** @description How many of the changes to show */
                changesMax?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "rules": [
                 *         {}
                 *       ]
                 *     }
                 */
                "application/json": {
                    rules: {
                        /** @description A name with * (any characters) and ? (one character) */
                        name?: string;
                        /** @description A tag, exactly */
                        tag?: string;
                        /** @description The provider's id of a project */
                        project?: string;
                        deployment?: string;
                        /** @description Deployments and the weights of their shares */
                        shares?: {
                            [key: string]: number;
                        };
                        /** @description From when on; the beginning of history by default */
                        from?: string;
                        /** @description Until when, not included; no end by default */
                        to?: string;
                        /** @description Kinds of resource it is for; every kind by default */
                        kinds?: string[];
                        /** @description Its place in the order of all rules */
                        position?: number;
                    }[];
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "rules": {
                     *         "added": 1,
                     *         "changed": 1,
                     *         "ended": 1,
                     *         "unchanged": 1
                     *       },
                     *       "resources": 1,
                     *       "totals": [
                     *         {
                     *           "deployment": "acme",
                     *           "gains": 1,
                     *           "loses": 1
                     *         }
                     *       ],
                     *       "changes": [
                     *         {
                     *           "resourceId": 1,
                     *           "account": "acme",
                     *           "kind": "text",
                     *           "externalId": "text",
                     *           "name": "text",
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z",
                     *           "before": [
                     *             {
                     *               "deployment": "acme",
                     *               "weight": 1
                     *             }
                     *           ],
                     *           "after": [
                     *             {
                     *               "deployment": "acme",
                     *               "weight": 1
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "changesTotal": 1
                     *     }
                     */
                    "application/json": {
                        rules: {
                            added: number;
                            changed: number;
                            ended: number;
                            unchanged: number;
                        };
                        /** @description How many would change owner */
                        resources: number;
                        totals: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            deployment: string;
                            gains: number;
                            loses: number;
                        }[];
                        changes: {
                            resourceId: number;
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            account: string;
                            kind: string;
                            externalId: string;
                            name: string;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            from: string;
                            to: string | null;
                            before: {
                                /**
                                 * @description Lower-case letters, digits and hyphens, 63 at most
                                 * @example acme
                                 */
                                deployment: string;
                                weight: number;
                            }[];
                            after: {
                                /**
                                 * @description Lower-case letters, digits and hyphens, 63 at most
                                 * @example acme
                                 */
                                deployment: string;
                                weight: number;
                            }[];
                        }[];
                        changesTotal: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listRuleSuggestions: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "rule": {
                     *             "name": "acme-*",
                     *             "deployment": "acme"
                     *           },
                     *           "reason": "text",
                     *           "deploymentExists": true,
                     *           "resources": 1
                     *         }
                     *       ],
                     *       "nextCursor": null,
                     *       "unassigned": 1
                     *     }
                     */
                    "application/json": {
                        items: {
                            /**
                             * @description Ready to be applied
                             * @example {
                             *       "name": "acme-*",
                             *       "deployment": "acme"
                             *     }
                             */
                            rule: {
                                [key: string]: string;
                            };
                            reason: string;
                            deploymentExists: boolean;
                            /** @description Unassigned ones that it would own */
                            resources: number;
                        }[];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                        /** @description How many resources live and have no owner */
                        unassigned: number;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listUnattributedResources: {
        parameters: {
            query?: {
                /** @description As it was then; now unless given */
                at?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "resourceId": 1,
                     *           "account": "acme",
                     *           "kind": "text",
                     *           "externalId": "text",
                     *           "name": "text",
                     *           "tags": [
                     *             "text"
                     *           ],
                     *           "since": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: {
                            resourceId: number;
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            account: string;
                            kind: string;
                            externalId: string;
                            name: string;
                            tags: string[];
                            /**
                             * Format: date-time
                             * @description Since when nobody owns it
                             * @example 2026-05-01T06:00:00Z
                             */
                            since: string;
                        }[];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getUsage: {
        parameters: {
            query?: {
                /** @description First UTC day */
                from?: string;
                /** @description First UTC day after the range: not in it */
                to?: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deployment": "acme",
                     *       "from": "2026-05-01",
                     *       "to": "2026-05-01",
                     *       "meteredThrough": "2026-05-01",
                     *       "usage": {
                     *         "droplet_hours": "744",
                     *         "dns_zones": "2"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Usage"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listUsageDays: {
        parameters: {
            query?: {
                /** @description First UTC day */
                from?: string;
                /** @description First UTC day after the range: not in it */
                to?: string;
                /** @description A billing kind */
                kind?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "day": "2026-05-01",
                     *           "kind": "droplet_hours",
                     *           "quantity": "744.5",
                     *           "records": 3
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["UsageOfDay"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    explainUsage: {
        parameters: {
            query: {
                /** @description First UTC day */
                from?: string;
                /** @description First UTC day after the range: not in it */
                to?: string;
                /** @description A billing kind */
                kind: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "resourceId": 17,
                     *           "resourceKind": "droplet",
                     *           "externalId": "3164494",
                     *           "name": "text",
                     *           "quantity": "744.5",
                     *           "pending": "744.5",
                     *           "days": [
                     *             {
                     *               "day": "2026-05-01",
                     *               "records": 1,
                     *               "quantity": "744.5",
                     *               "revision": 1,
                     *               "observation": "confirmed"
                     *             }
                     *           ],
                     *           "months": [
                     *             {
                     *               "month": "2026-05",
                     *               "from": "2026-05-01T06:00:00Z",
                     *               "to": "2026-05-01T06:00:00Z",
                     *               "before": "744.5",
                     *               "level": "744.5",
                     *               "discardedSeconds": "744.5",
                     *               "heldSeconds": "744.5",
                     *               "aboveSeconds": "744.5",
                     *               "raises": [
                     *                 {
                     *                   "at": "2026-05-01T06:00:00Z",
                     *                   "before": "744.5",
                     *                   "level": "744.5",
                     *                   "share": "text",
                     *                   "quantity": "744.5"
                     *                 }
                     *               ],
                     *               "more": {
                     *                 "raises": 1,
                     *                 "quantity": "744.5"
                     *               }
                     *             }
                     *           ],
                     *           "intervals": [
                     *             {
                     *               "from": "2026-05-01T06:00:00Z",
                     *               "to": "2026-05-01T06:00:00Z",
                     *               "level": "744.5",
                     *               "share": "1/3",
                     *               "quantity": "744.5",
                     *               "status": "text",
                     *               "attributes": {},
                     *               "source": "listing",
                     *               "carriedForwardFrom": "2026-05-01T06:00:00Z",
                     *               "cause": {
                     *                 "stateSince": "2026-05-01T06:00:00Z",
                     *                 "recordedAt": "2026-05-01T06:00:00Z",
                     *                 "recordedBy": "text",
                     *                 "syncRun": {
                     *                   "id": 1,
                     *                   "kind": "text",
                     *                   "startedAt": "2026-05-01T06:00:00Z"
                     *                 },
                     *                 "action": {
                     *                   "id": "text",
                     *                   "type": "text",
                     *                   "completedAt": "2026-05-01T06:00:00Z"
                     *                 },
                     *                 "owners": "acme 1/3, beta 2/3",
                     *                 "rule": {
                     *                   "id": 1,
                     *                   "kind": "text",
                     *                   "pattern": "text",
                     *                   "project": "text",
                     *                   "recordedBy": "text",
                     *                   "recordedAt": "2026-05-01T06:00:00Z"
                     *                 },
                     *                 "assignment": {
                     *                   "by": "text",
                     *                   "at": "2026-05-01T06:00:00Z"
                     *                 }
                     *               }
                     *             }
                     *           ],
                     *           "more": {
                     *             "intervals": 1,
                     *             "quantity": "744.5"
                     *           }
                     *         }
                     *       ],
                     *       "nextCursor": null,
                     *       "deployment": "acme",
                     *       "kind": "droplet_hours",
                     *       "title": "text",
                     *       "unit": "hour",
                     *       "accrual": "hours",
                     *       "aggregation": "sum",
                     *       "percentile": "744.5",
                     *       "from": "2026-05-01",
                     *       "to": "2026-05-01",
                     *       "meteredThrough": "2026-05-01",
                     *       "quantity": "744.5",
                     *       "rolledUp": "744.5",
                     *       "rolledUpMonths": [
                     *         {
                     *           "month": "2024-05",
                     *           "from": "2026-05-01",
                     *           "to": "2026-05-01",
                     *           "quantity": "744.5",
                     *           "monthQuantity": "744.5",
                     *           "records": 1,
                     *           "rolledUpAt": "2026-05-01T06:00:00Z",
                     *           "digest": "text",
                     *           "note": "text"
                     *         }
                     *       ],
                     *       "explained": "744.5",
                     *       "pending": "744.5",
                     *       "recordsFrom": "2026-05-01",
                     *       "resourcesTotal": 1
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["ExplainedResource"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                        /**
                         * @description Lower-case letters, digits and hyphens, 63 at most
                         * @example acme
                         */
                        deployment: string;
                        /**
                         * @description A billing kind
                         * @example droplet_hours
                         */
                        kind: string;
                        title: string;
                        /** @example hour */
                        unit: string;
                        /** @enum {string} */
                        accrual: "hours" | "month";
                        /** @enum {string} */
                        aggregation: "sum" | "peak" | "percentile";
                        percentile: string | null;
                        /**
                         * Format: date
                         * @description A UTC day
                         * @example 2026-05-01
                         */
                        from: string;
                        /**
                         * Format: date
                         * @description A UTC day
                         * @example 2026-05-01
                         */
                        to: string;
                        /**
                         * Format: date
                         * @description A UTC day
                         * @example 2026-05-01
                         */
                        meteredThrough: string;
                        /**
                         * @description The sum
                         * @example 744.5
                         */
                        quantity: string;
                        /**
                         * @description What of the sum lies before recordsFrom, in months that are rolled up: the sum of rolledUpMonths
                         * @example 744.5
                         */
                        rolledUp: string;
                        readonly rolledUpMonths: components["schemas"]["RolledUpMonth"][];
                        /**
                         * @description What all intervals of all resources add up to
                         * @example 744.5
                         */
                        explained: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        pending: string;
                        /** @description Records before it are past their retention */
                        recordsFrom: string | null;
                        resourcesTotal: number;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getUsageAsOf: {
        parameters: {
            query?: {
                /** @description First UTC day */
                from?: string;
                /** @description First UTC day after the range: not in it */
                to?: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
                revision: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deployment": "acme",
                     *       "from": "2026-05-01",
                     *       "to": "2026-05-01",
                     *       "asOfRevision": 41,
                     *       "asOf": "2026-05-01T06:00:00Z",
                     *       "usage": {
                     *         "droplet_hours": "744",
                     *         "dns_zones": "2"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description Lower-case letters, digits and hyphens, 63 at most
                         * @example acme
                         */
                        deployment: string;
                        /**
                         * Format: date
                         * @description A UTC day
                         * @example 2026-05-01
                         */
                        from: string;
                        /**
                         * Format: date
                         * @description A UTC day
                         * @example 2026-05-01
                         */
                        to: string;
                        /** @example 41 */
                        asOfRevision: number;
                        /**
                         * Format: date-time
                         * @description UTC
                         * @example 2026-05-01T06:00:00Z
                         */
                        asOf: string;
                        /**
                         * @description Decimal, by billing kind
                         * @example {
                         *       "droplet_hours": "744",
                         *       "dns_zones": "2"
                         *     }
                         */
                        usage: {
                            [key: string]: string;
                        };
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            410: components["responses"]["Problem410"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listKinds: {
        parameters: {
            query?: {
                /** @description Today unless given */
                on?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "kind": "droplet_hours",
                     *           "title": "Droplet hours, running",
                     *           "resourceKind": "droplet",
                     *           "accrual": "hours",
                     *           "aggregation": "sum",
                     *           "percentile": "744.5",
                     *           "unit": "hour",
                     *           "statuses": [
                     *             "text"
                     *           ],
                     *           "filter": {},
                     *           "weight": {
                     *             "attribute": "text",
                     *             "divisor": "744.5"
                     *           },
                     *           "enabled": true,
                     *           "granularity": "day",
                     *           "retentionDays": 730
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["BillingKind"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    addKind: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "kind": "text",
                 *       "title": "text",
                 *       "resourceKind": "text",
                 *       "accrual": "hours",
                 *       "unit": "text"
                 *     }
                 */
                "application/json": {
                    kind: string;
                    /** @description The name for people. */
                    title: string;
                    resourceKind: string;
                    /**
                     * @description hours: level times hours. month: a level held all month counts once.
                     * @enum {string}
                     */
                    accrual: "hours" | "month";
                    /**
                     * @description sum: the level over time. peak: the month's highest level. percentile: the highest without a share of the month's time.
                     * @default sum
                     * @enum {string}
                     */
                    aggregation?: "sum" | "peak" | "percentile";
                    /** @description Of a percentile: 95 leaves 5 percent of the month out, the time of the highest levels. */
                    percentile?: (number | string) | null;
                    /** @description What one unit is, such as hour or GiB-month; GiB of a peak or a percentile. */
                    unit: string;
                    /**
                     * @description It counts only while its status is one of these; null: always.
                     * @default null
                     */
                    statuses?: string[] | null;
                    /**
                     * @description It counts only while its attributes are these.
                     * @default {}
                     */
                    filter?: {
                        [key: string]: string | number | boolean;
                    };
                    /** @description How much one counts; null: 1. */
                    weight?: {
                        attribute: string;
                        /** @description How many of the attribute make one unit. */
                        divisor?: number | string;
                    } | null;
                };
            };
        };
        responses: {
            /** @description It was made */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "kind": "droplet_hours",
                     *       "title": "Droplet hours, running",
                     *       "resourceKind": "droplet",
                     *       "accrual": "hours",
                     *       "aggregation": "sum",
                     *       "percentile": "744.5",
                     *       "unit": "hour",
                     *       "statuses": [
                     *         "text"
                     *       ],
                     *       "filter": {},
                     *       "weight": {
                     *         "attribute": "text",
                     *         "divisor": "744.5"
                     *       },
                     *       "enabled": true,
                     *       "granularity": "day",
                     *       "retentionDays": 730,
                     *       "definitions": [
                     *         {
                     *           "fromDay": "2026-05-01",
                     *           "statuses": [
                     *             "text"
                     *           ],
                     *           "filter": {},
                     *           "weightAttribute": "text",
                     *           "weightDivisor": "744.5"
                     *         }
                     *       ],
                     *       "configs": [
                     *         {
                     *           "fromDay": "2026-05-01",
                     *           "enabled": true,
                     *           "granularity": "day",
                     *           "retentionDays": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description A billing kind
                         * @example droplet_hours
                         */
                        kind: string;
                        /** @example Droplet hours, running */
                        title: string;
                        /**
                         * @description A kind of resource
                         * @example droplet
                         */
                        resourceKind: string;
                        /** @enum {string} */
                        accrual: "hours" | "month";
                        /** @enum {string} */
                        aggregation: "sum" | "peak" | "percentile";
                        percentile: string | null;
                        /** @example hour */
                        unit: string;
                        statuses: string[] | null;
                        filter: {
                            [key: string]: string | number | boolean;
                        };
                        weight: {
                            attribute: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            divisor: string;
                        } | null;
                        enabled: boolean;
                        /** @enum {string} */
                        granularity: "day" | "hour";
                        /** @example 730 */
                        retentionDays: number;
                        readonly definitions: {
                            /**
                             * Format: date
                             * @description A UTC day
                             * @example 2026-05-01
                             */
                            fromDay: string;
                            statuses: string[] | null;
                            filter: {
                                [key: string]: string | number | boolean;
                            };
                            weightAttribute: string | null;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            weightDivisor: string;
                        }[];
                        readonly configs: {
                            /**
                             * Format: date
                             * @description A UTC day
                             * @example 2026-05-01
                             */
                            fromDay: string;
                            enabled: boolean;
                            /** @enum {string} */
                            granularity: "day" | "hour";
                            retentionDays: number;
                        }[];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getKind: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description A billing kind */
                kind: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "kind": "droplet_hours",
                     *       "title": "Droplet hours, running",
                     *       "resourceKind": "droplet",
                     *       "accrual": "hours",
                     *       "aggregation": "sum",
                     *       "percentile": "744.5",
                     *       "unit": "hour",
                     *       "statuses": [
                     *         "text"
                     *       ],
                     *       "filter": {},
                     *       "weight": {
                     *         "attribute": "text",
                     *         "divisor": "744.5"
                     *       },
                     *       "enabled": true,
                     *       "granularity": "day",
                     *       "retentionDays": 730,
                     *       "definitions": [
                     *         {
                     *           "fromDay": "2026-05-01",
                     *           "statuses": [
                     *             "text"
                     *           ],
                     *           "filter": {},
                     *           "weightAttribute": "text",
                     *           "weightDivisor": "744.5"
                     *         }
                     *       ],
                     *       "configs": [
                     *         {
                     *           "fromDay": "2026-05-01",
                     *           "enabled": true,
                     *           "granularity": "day",
                     *           "retentionDays": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description A billing kind
                         * @example droplet_hours
                         */
                        kind: string;
                        /** @example Droplet hours, running */
                        title: string;
                        /**
                         * @description A kind of resource
                         * @example droplet
                         */
                        resourceKind: string;
                        /** @enum {string} */
                        accrual: "hours" | "month";
                        /** @enum {string} */
                        aggregation: "sum" | "peak" | "percentile";
                        percentile: string | null;
                        /** @example hour */
                        unit: string;
                        statuses: string[] | null;
                        filter: {
                            [key: string]: string | number | boolean;
                        };
                        weight: {
                            attribute: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            divisor: string;
                        } | null;
                        enabled: boolean;
                        /** @enum {string} */
                        granularity: "day" | "hour";
                        /** @example 730 */
                        retentionDays: number;
                        readonly definitions: {
                            /**
                             * Format: date
                             * @description A UTC day
                             * @example 2026-05-01
                             */
                            fromDay: string;
                            statuses: string[] | null;
                            filter: {
                                [key: string]: string | number | boolean;
                            };
                            weightAttribute: string | null;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            weightDivisor: string;
                        }[];
                        readonly configs: {
                            /**
                             * Format: date
                             * @description A UTC day
                             * @example 2026-05-01
                             */
                            fromDay: string;
                            enabled: boolean;
                            /** @enum {string} */
                            granularity: "day" | "hour";
                            retentionDays: number;
                        }[];
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    changeKind: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what is changed, as its GET gave it; `*` for whatever it is now. */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /** @description A billing kind */
                kind: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /** @description The name for people; it has no history. */
                    title?: string;
                    /** @description It counts only while its status is one of these; null: always. */
                    statuses?: string[] | null;
                    /** @description It counts only while its attributes are these. */
                    filter?: {
                        [key: string]: string | number | boolean;
                    };
                    /** @description How much one counts; null: 1. */
                    weight?: {
                        attribute: string;
                        /** @description How many of the attribute make one unit. */
                        divisor?: number | string;
                    } | null;
                    enabled?: boolean;
                    /** @enum {string} */
                    granularity?: "day" | "hour";
                    /** @description How long its records are kept. */
                    retentionDays?: number;
                    /**
                     * Format: date
                     * @description The first UTC day on which it holds; today unless given
                     * @example 2026-05-01
                     */
                    fromDay?: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "kind": "droplet_hours",
                     *       "title": "Droplet hours, running",
                     *       "resourceKind": "droplet",
                     *       "accrual": "hours",
                     *       "aggregation": "sum",
                     *       "percentile": "744.5",
                     *       "unit": "hour",
                     *       "statuses": [
                     *         "text"
                     *       ],
                     *       "filter": {},
                     *       "weight": {
                     *         "attribute": "text",
                     *         "divisor": "744.5"
                     *       },
                     *       "enabled": true,
                     *       "granularity": "day",
                     *       "retentionDays": 730,
                     *       "definitions": [
                     *         {
                     *           "fromDay": "2026-05-01",
                     *           "statuses": [
                     *             "text"
                     *           ],
                     *           "filter": {},
                     *           "weightAttribute": "text",
                     *           "weightDivisor": "744.5"
                     *         }
                     *       ],
                     *       "configs": [
                     *         {
                     *           "fromDay": "2026-05-01",
                     *           "enabled": true,
                     *           "granularity": "day",
                     *           "retentionDays": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description A billing kind
                         * @example droplet_hours
                         */
                        kind: string;
                        /** @example Droplet hours, running */
                        title: string;
                        /**
                         * @description A kind of resource
                         * @example droplet
                         */
                        resourceKind: string;
                        /** @enum {string} */
                        accrual: "hours" | "month";
                        /** @enum {string} */
                        aggregation: "sum" | "peak" | "percentile";
                        percentile: string | null;
                        /** @example hour */
                        unit: string;
                        statuses: string[] | null;
                        filter: {
                            [key: string]: string | number | boolean;
                        };
                        weight: {
                            attribute: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            divisor: string;
                        } | null;
                        enabled: boolean;
                        /** @enum {string} */
                        granularity: "day" | "hour";
                        /** @example 730 */
                        retentionDays: number;
                        readonly definitions: {
                            /**
                             * Format: date
                             * @description A UTC day
                             * @example 2026-05-01
                             */
                            fromDay: string;
                            statuses: string[] | null;
                            filter: {
                                [key: string]: string | number | boolean;
                            };
                            weightAttribute: string | null;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            weightDivisor: string;
                        }[];
                        readonly configs: {
                            /**
                             * Format: date
                             * @description A UTC day
                             * @example 2026-05-01
                             */
                            fromDay: string;
                            enabled: boolean;
                            /** @enum {string} */
                            granularity: "day" | "hour";
                            retentionDays: number;
                        }[];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            428: components["responses"]["Problem428"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    importKinds: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "kinds": [
                 *         {
                 *           "kind": "text",
                 *           "title": "text",
                 *           "resourceKind": "text",
                 *           "accrual": "hours",
                 *           "unit": "text"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    kinds: {
                        kind: string;
                        /** @description The name for people. */
                        title: string;
                        resourceKind: string;
                        /**
                         * @description hours: level times hours. month: a level held all month counts once.
                         * @enum {string}
                         */
                        accrual: "hours" | "month";
                        /**
                         * @description sum: the level over time. peak: the month's highest level. percentile: the highest without a share of the month's time.
                         * @default sum
                         * @enum {string}
                         */
                        aggregation?: "sum" | "peak" | "percentile";
                        /** @description Of a percentile: 95 leaves 5 percent of the month out, the time of the highest levels. */
                        percentile?: (number | string) | null;
                        /** @description What one unit is, such as hour or GiB-month; GiB of a peak or a percentile. */
                        unit: string;
                        /**
                         * @description It counts only while its status is one of these; null: always.
                         * @default null
                         */
                        statuses?: string[] | null;
                        /**
                         * @description It counts only while its attributes are these.
                         * @default {}
                         */
                        filter?: {
                            [key: string]: string | number | boolean;
                        };
                        /** @description How much one counts; null: 1. */
                        weight?: {
                            attribute: string;
                            /** @description How many of the attribute make one unit. */
                            divisor?: number | string;
                        } | null;
                    }[];
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "added": [
                     *         "droplet_hours"
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @description Those that are new */
                        added: string[];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    diffUsage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /**
                     * Format: date
                     * @description First UTC day
                     * @example 2026-05-01
                     */
                    from?: string;
                    /**
                     * Format: date
                     * @description First UTC day after the range: not in it
                     * @example 2026-05-01
                     */
                    to?: string;
                    /**
                     * @description Compare every record
                     * @default false
                     */
                    verify?: boolean;
                    /**
                     * @description Resources at most, those that change most first
                     * @default 100
                     */
                    resourcesMax?: number;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": "2026-05-01",
                     *       "to": "2026-05-01",
                     *       "days": 1,
                     *       "differs": true,
                     *       "deployments": [
                     *         {
                     *           "deployment": "acme",
                     *           "kind": "droplet_hours",
                     *           "before": "744.5",
                     *           "after": "744.5",
                     *           "change": "744.5",
                     *           "recordsFrom": "2026-05-01",
                     *           "inserted": 1,
                     *           "changed": 1,
                     *           "deleted": 1
                     *         }
                     *       ],
                     *       "deploymentsTotal": 1,
                     *       "resources": [
                     *         {
                     *           "deployment": "acme",
                     *           "kind": "droplet_hours",
                     *           "before": "744.5",
                     *           "after": "744.5",
                     *           "change": "744.5",
                     *           "recordsFrom": "2026-05-01",
                     *           "inserted": 1,
                     *           "changed": 1,
                     *           "deleted": 1,
                     *           "resourceId": 1,
                     *           "resourceKind": "droplet",
                     *           "externalId": "text",
                     *           "name": "text"
                     *         }
                     *       ],
                     *       "resourcesTotal": 1
                     *     }
                     */
                    "application/json": {
                        from: string | null;
                        to: string | null;
                        /** @description Days that were compared */
                        days: number;
                        differs: boolean;
                        readonly deployments: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            deployment: string;
                            /**
                             * @description A billing kind
                             * @example droplet_hours
                             */
                            kind: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            before: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            after: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            change: string;
                            /** @description Usage of the days before it is rolled up, and neither in before nor in after */
                            recordsFrom: string | null;
                            inserted: number;
                            changed: number;
                            deleted: number;
                        }[];
                        deploymentsTotal: number;
                        readonly resources: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            deployment: string;
                            /**
                             * @description A billing kind
                             * @example droplet_hours
                             */
                            kind: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            before: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            after: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            change: string;
                            /** @description Usage of the days before it is rolled up, and neither in before nor in after */
                            recordsFrom: string | null;
                            inserted: number;
                            changed: number;
                            deleted: number;
                            resourceId: number;
                            /**
                             * @description A kind of resource
                             * @example droplet
                             */
                            resourceKind: string;
                            externalId: string;
                            name: string | null;
                        }[];
                        resourcesTotal: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listMeteringRuns: {
        parameters: {
            query?: {
                /** @description First UTC day */
                from?: string;
                /** @description First UTC day after the range: not in it */
                to?: string;
                /** @description Only revisions beyond this one */
                after?: number;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "revision": 41,
                     *           "day": "2026-05-01",
                     *           "cause": "first",
                     *           "startedAt": "2026-05-01T06:00:00Z",
                     *           "inserted": 1,
                     *           "changed": 1,
                     *           "deleted": 1
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["MeteringRun"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    runMetering: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /**
                     * Format: date
                     * @description First UTC day
                     * @example 2026-05-01
                     */
                    from?: string;
                    /**
                     * Format: date
                     * @description First UTC day after the range: not in it
                     * @example 2026-05-01
                     */
                    to?: string;
                    /**
                     * @description Compare every record with what the facts say, changed or not. Without a range: of every complete day
                     * @default false
                     */
                    verify?: boolean;
                };
            };
        };
        responses: {
            /** @description A job will do it */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": "2026-05-01",
                     *       "to": "2026-05-01",
                     *       "verify": true,
                     *       "jobs": [
                     *         "meter"
                     *       ],
                     *       "after": 1
                     *     }
                     */
                    "application/json": {
                        from: string | null;
                        to: string | null;
                        verify: boolean;
                        /**
                         * @example [
                         *       "meter"
                         *     ]
                         */
                        jobs: string[];
                        /** @description The newest revision of before: what this writes has later ones */
                        after: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listUsage: {
        parameters: {
            query?: {
                /** @description First UTC day */
                from?: string;
                /** @description First UTC day after the range: not in it */
                to?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "deployment": "acme",
                     *           "kind": "droplet_hours",
                     *           "quantity": "744.5",
                     *           "meteredThrough": "2026-05-01"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["UsageOfKind"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listUsageAttestations: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "confirmationId": 4,
                     *           "account": "acme",
                     *           "resourceKind": "droplet",
                     *           "through": "2026-05-01T06:00:00Z",
                     *           "reason": "text",
                     *           "recordedAt": "2026-05-01T06:00:00Z",
                     *           "recordedBy": "text",
                     *           "withdrawnAt": "2026-05-01T06:00:00Z",
                     *           "withdrawnBy": "text"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["UsageAttestation"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    confirmUsage: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "account": "acme",
                 *       "resourceKind": "droplet",
                 *       "through": "2026-05-01T06:00:00Z",
                 *       "reason": "text"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description Lower-case letters, digits and hyphens, 63 at most
                     * @example acme
                     */
                    account: string;
                    /**
                     * @description A kind of resource
                     * @example droplet
                     */
                    resourceKind: string;
                    /**
                     * Format: date-time
                     * @description A moment
                     * @example 2026-05-01T06:00:00Z
                     */
                    through: string;
                    /** @description How it is known */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description It was made */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "confirmationId": 4
                     *     }
                     */
                    "application/json": {
                        /** @example 4 */
                        confirmationId: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    withdrawUsageAttestation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                confirmation: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getUsageGaps: {
        parameters: {
            query?: {
                /** @description Another than the current one */
                month?: string;
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                account?: string;
                resourceKind?: string;
                /** @description Gaps at most, the latest first */
                gapsMax?: number;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": "2026-05-01",
                     *       "to": "2026-05-01",
                     *       "gaps": [
                     *         {
                     *           "account": "acme",
                     *           "resourceKind": "droplet",
                     *           "from": "2026-05-30T00:00:00Z",
                     *           "to": "2026-05-30T00:00:00Z",
                     *           "limit": "2026-05-30T00:00:00Z",
                     *           "beyondLimit": true,
                     *           "resources": 1,
                     *           "usage": [
                     *             {
                     *               "deployment": "acme",
                     *               "kind": "text",
                     *               "quantity": "744.5"
                     *             }
                     *           ],
                     *           "amounts": [
                     *             {
                     *               "deployment": "acme",
                     *               "plan": "acme",
                     *               "currency": "text",
                     *               "amount": "744.5"
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "totals": [
                     *         {
                     *           "currency": "text",
                     *           "amount": "744.5"
                     *         }
                     *       ],
                     *       "unlisted": [
                     *         {
                     *           "account": "acme",
                     *           "resourceKind": "spaces_bucket",
                     *           "resources": 1,
                     *           "urns": [
                     *             "text"
                     *           ],
                     *           "since": "2026-05-30T00:00:00Z",
                     *           "until": "2026-05-30T00:00:00Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** Format: date */
                        from: string;
                        /** Format: date */
                        to: string;
                        readonly gaps: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            account: string;
                            /** @example droplet */
                            resourceKind: string;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-30T00:00:00Z
                             */
                            from: string;
                            /** @description null: open */
                            to: string | null;
                            /**
                             * Format: date-time
                             * @description Up to here usage may be carried forward
                             * @example 2026-05-30T00:00:00Z
                             */
                            limit: string;
                            beyondLimit: boolean;
                            resources: number;
                            readonly usage: {
                                /**
                                 * @description Lower-case letters, digits and hyphens, 63 at most
                                 * @example acme
                                 */
                                deployment: string;
                                kind: string;
                                /**
                                 * @description An exact decimal
                                 * @example 744.5
                                 */
                                quantity: string;
                            }[];
                            readonly amounts: {
                                /**
                                 * @description Lower-case letters, digits and hyphens, 63 at most
                                 * @example acme
                                 */
                                deployment: string;
                                /** @description null: on no plan */
                                plan: string | null;
                                currency: string | null;
                                amount: string | null;
                            }[];
                        }[];
                        readonly totals: {
                            currency: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            amount: string;
                        }[];
                        /** @description What projects showed and no listing did, of kinds that are metered: it is in no gap */
                        readonly unlisted: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            account: string;
                            /** @example spaces_bucket */
                            resourceKind: string;
                            resources: number;
                            /** @description The first of them */
                            readonly urns: string[];
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-30T00:00:00Z
                             */
                            since: string;
                            /** @description null: a project shows them still */
                            until: string | null;
                        }[];
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listLateUsage: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "changeId": 1,
                     *           "resourceId": 1,
                     *           "resourceKind": "droplet",
                     *           "externalId": "text",
                     *           "cause": "state",
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z",
                     *           "recordedAt": "2026-05-01T06:00:00Z",
                     *           "kinds": [
                     *             "droplet_hours"
                     *           ]
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["LateFact"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listObservationLimits: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "resourceKind": "droplet",
                     *           "fromDay": "2026-05-01",
                     *           "gapAfterHours": 6,
                     *           "carryForwardHours": 72
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["ObservationLimit"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    setObservationLimit: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "resourceKind": "droplet"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description A kind of resource; *: every kind without limits of its own
                     * @example droplet
                     */
                    resourceKind: string | "*";
                    /**
                     * Format: date
                     * @description The first UTC day on which it holds; today unless given
                     * @example 2026-05-01
                     */
                    fromDay?: string;
                    gapAfterHours?: number;
                    carryForwardHours?: number;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "resourceKind": "droplet",
                     *       "fromDay": "2026-05-01",
                     *       "gapAfterHours": 6,
                     *       "carryForwardHours": 72
                     *     }
                     */
                    "application/json": components["schemas"]["ObservationLimit"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listRetention: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "kind": "droplet_hours",
                     *           "month": "2024-05",
                     *           "outcome": "due",
                     *           "reason": "text"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["RetentionDue"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    retainUsage: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A job will do it */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getUsageStatus: {
        parameters: {
            query?: {
                /** @description First UTC day */
                from?: string;
                /** @description First UTC day after the range: not in it */
                to?: string;
                /** @description Only what matters to it */
                deployment?: string;
                /** @description Only what matters to the customer's deployments */
                customer?: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": "2026-05-01",
                     *       "to": "2026-05-01",
                     *       "complete": true,
                     *       "confirmed": true,
                     *       "final": true,
                     *       "kinds": [
                     *         {
                     *           "kind": "droplet_hours",
                     *           "resourceKind": "droplet",
                     *           "daysMissing": 1,
                     *           "accountsUnconfirmed": 1,
                     *           "confirmed": true,
                     *           "final": true
                     *         }
                     *       ],
                     *       "accounts": [
                     *         {
                     *           "account": "acme",
                     *           "resourceKind": "droplet",
                     *           "syncedAt": "2026-05-01T06:00:00Z",
                     *           "confirmedThrough": "2026-05-01T06:00:00Z",
                     *           "confirmed": true
                     *         }
                     *       ],
                     *       "blockers": [
                     *         {
                     *           "reason": "incomplete",
                     *           "message": "text",
                     *           "todo": "text",
                     *           "kind": "droplet_hours",
                     *           "account": "acme",
                     *           "resourceKind": "droplet",
                     *           "since": "2026-05-01T06:00:00Z",
                     *           "next": {
                     *             "operation": "kind set",
                     *             "arguments": {}
                     *           }
                     *         }
                     *       ],
                     *       "blockersTotal": 1,
                     *       "unlisted": [
                     *         {
                     *           "account": "acme",
                     *           "kind": "nfs",
                     *           "hidden": 1,
                     *           "urns": [
                     *             "text"
                     *           ],
                     *           "since": "2026-05-01T06:00:00Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: date
                         * @description A UTC day
                         * @example 2026-05-01
                         */
                        from: string;
                        /**
                         * Format: date
                         * @description A UTC day
                         * @example 2026-05-01
                         */
                        to: string;
                        complete: boolean;
                        confirmed: boolean;
                        final: boolean;
                        readonly kinds: {
                            /**
                             * @description A billing kind
                             * @example droplet_hours
                             */
                            kind: string;
                            /**
                             * @description A kind of resource
                             * @example droplet
                             */
                            resourceKind: string;
                            daysMissing: number;
                            accountsUnconfirmed: number;
                            confirmed: boolean;
                            final: boolean;
                        }[];
                        readonly accounts: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            account: string;
                            /**
                             * @description A kind of resource
                             * @example droplet
                             */
                            resourceKind: string;
                            syncedAt: string | null;
                            confirmedThrough: string | null;
                            confirmed: boolean;
                        }[];
                        readonly blockers: {
                            /** @enum {string} */
                            reason: "incomplete" | "not_metered" | "changes_pending" | "unconfirmed" | "beyond_limit" | "unlisted";
                            message: string;
                            todo: string;
                            kind: string | null;
                            account: string | null;
                            resourceKind: string | null;
                            since: string | null;
                            /** @description The operation that helps, and what to call it with */
                            next: {
                                /** @example kind set */
                                operation: string;
                                arguments: {
                                    [key: string]: string | number | boolean;
                                };
                            } | null;
                        }[];
                        blockersTotal: number;
                        /** @description What projects showed in the period and no listing did, of all accounts: it may cost money, and is not metered. Of kinds that are metered it is a blocker too. */
                        readonly unlisted: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            account: string;
                            /** @example nfs */
                            kind: string;
                            /** @description How many */
                            hidden: number;
                            /** @description The first of them */
                            readonly urns: string[];
                            /**
                             * Format: date-time
                             * @description When projects first showed one of them
                             * @example 2026-05-01T06:00:00Z
                             */
                            since: string;
                        }[];
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    moveUsage: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /**
                     * @default clickhouse
                     * @enum {string}
                     */
                    to?: "clickhouse" | "postgresql";
                };
            };
        };
        responses: {
            /** @description A job will do it */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "to": "clickhouse"
                     *     }
                     */
                    "application/json": {
                        /** @enum {string} */
                        to: "clickhouse" | "postgresql";
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listAlertFirings: {
        parameters: {
            query?: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment?: string;
                /** @description A UTC calendar month */
                month?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "alertId": 1,
                     *           "deployment": "acme",
                     *           "month": "2026-05",
                     *           "kind": "text",
                     *           "basis": "to_date",
                     *           "value": "744.5",
                     *           "threshold": "744.5",
                     *           "unit": "text",
                     *           "firedAt": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["AlertFiring"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listAlerts: {
        parameters: {
            query?: {
                /** @description Only those on it alone */
                deployment?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": 1,
                     *           "deployment": "acme",
                     *           "kind": "text",
                     *           "threshold": "744.5",
                     *           "unit": "absolute",
                     *           "currency": "text",
                     *           "basis": "to_date",
                     *           "createdAt": "2026-05-01T06:00:00Z",
                     *           "createdBy": "text"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Alert"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    addAlert: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "threshold": "80",
                 *       "unit": "absolute"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description null: each deployment that is on a plan
                     * @default null
                     */
                    deployment?: string | null;
                    /**
                     * @description A billing kind; null: what the month itself costs
                     * @default null
                     */
                    kind?: string | null;
                    /**
                     * @description An exact decimal above zero
                     * @example 80
                     */
                    threshold: string;
                    /**
                     * @description percent: of the kind's allowance, or of the plan's base fee
                     * @enum {string}
                     */
                    unit: "absolute" | "percent";
                    /**
                     * @description Of an absolute amount
                     * @default null
                     */
                    currency?: string | null;
                    /**
                     * @description What is metered so far, or the month's end as foreseen
                     * @default to_date
                     * @enum {string}
                     */
                    basis?: "to_date" | "forecast";
                };
            };
        };
        responses: {
            /** @description It was made */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 1,
                     *       "deployment": "acme",
                     *       "kind": "text",
                     *       "threshold": "744.5",
                     *       "unit": "absolute",
                     *       "currency": "text",
                     *       "basis": "to_date",
                     *       "createdAt": "2026-05-01T06:00:00Z",
                     *       "createdBy": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["Alert"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getAlert: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                alert: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 1,
                     *       "deployment": "acme",
                     *       "kind": "text",
                     *       "threshold": "744.5",
                     *       "unit": "absolute",
                     *       "currency": "text",
                     *       "basis": "to_date",
                     *       "createdAt": "2026-05-01T06:00:00Z",
                     *       "createdBy": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["Alert"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    removeAlert: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                alert: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    checkAlerts: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "fired": 1
                     *     }
                     */
                    "application/json": {
                        /** @description How many fired that had not */
                        fired: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getDeploymentForecast: {
        parameters: {
            query?: {
                /** @description Another than the current one */
                month?: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deployment": "acme",
                     *       "month": "2026-05",
                     *       "meteredThrough": "2026-05-01",
                     *       "method": "text",
                     *       "toDate": {
                     *         "plan": "acme",
                     *         "currency": "text",
                     *         "base": "744.5",
                     *         "lines": [
                     *           {
                     *             "kind": "text",
                     *             "quantity": "744.5",
                     *             "allowance": "744.5",
                     *             "billable": "744.5",
                     *             "unitPrice": "744.5",
                     *             "amount": "744.5"
                     *           }
                     *         ],
                     *         "overage": "744.5",
                     *         "total": "744.5"
                     *       },
                     *       "forecast": {
                     *         "plan": "acme",
                     *         "currency": "text",
                     *         "base": "744.5",
                     *         "lines": [
                     *           {
                     *             "kind": "text",
                     *             "quantity": "744.5",
                     *             "allowance": "744.5",
                     *             "billable": "744.5",
                     *             "unitPrice": "744.5",
                     *             "amount": "744.5"
                     *           }
                     *         ],
                     *         "overage": "744.5",
                     *         "total": "744.5"
                     *       },
                     *       "unbilled": [
                     *         {
                     *           "reason": "not_metered",
                     *           "kind": "text",
                     *           "plans": [
                     *             "acme"
                     *           ],
                     *           "deployments": [
                     *             "acme"
                     *           ],
                     *           "quantity": "744.5",
                     *           "currency": "text",
                     *           "amount": "744.5",
                     *           "message": "text",
                     *           "next": {
                     *             "operation": "kind set",
                     *             "arguments": {}
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description Lower-case letters, digits and hyphens, 63 at most
                         * @example acme
                         */
                        deployment: string;
                        /**
                         * @description A UTC calendar month
                         * @example 2026-05
                         */
                        month: string;
                        /** Format: date */
                        meteredThrough: string;
                        /** @description How it is foreseen */
                        method: string;
                        toDate: components["schemas"]["Quote"];
                        forecast: components["schemas"]["Quote"];
                        /** @description What is used and billed to nobody; of days that are over. Empty for a customer */
                        readonly unbilled: {
                            /**
                             * @description The plan prices a kind that is not metered, or has no price for one that is
                             * @enum {string}
                             */
                            reason: "not_metered" | "no_price";
                            kind: string;
                            readonly plans: string[];
                            readonly deployments: string[];
                            /** @description null: nothing tells what there was */
                            quantity: string | null;
                            currency: string;
                            /** @description What it comes to beyond the allowances, before a plan's minimum, cap and discount */
                            amount: string | null;
                            message: string;
                            /** @description The operation that helps, and what to call it with */
                            next: {
                                /** @example kind set */
                                operation: string;
                                arguments: {
                                    [key: string]: string | number | boolean;
                                };
                            } | null;
                        }[];
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getDeploymentQuote: {
        parameters: {
            query?: {
                /** @description Another than the current one */
                month?: string;
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                plan?: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deployment": "acme",
                     *       "from": "2026-05-01",
                     *       "to": "2026-05-01",
                     *       "meteredThrough": "2026-05-01",
                     *       "plan": "acme",
                     *       "currency": "text",
                     *       "base": "744.5",
                     *       "lines": [
                     *         {
                     *           "kind": "text",
                     *           "quantity": "744.5",
                     *           "allowance": "744.5",
                     *           "billable": "744.5",
                     *           "unitPrice": "744.5",
                     *           "amount": "744.5"
                     *         }
                     *       ],
                     *       "overage": "744.5",
                     *       "total": "744.5",
                     *       "unbilled": [
                     *         {
                     *           "reason": "not_metered",
                     *           "kind": "text",
                     *           "plans": [
                     *             "acme"
                     *           ],
                     *           "deployments": [
                     *             "acme"
                     *           ],
                     *           "quantity": "744.5",
                     *           "currency": "text",
                     *           "amount": "744.5",
                     *           "message": "text",
                     *           "next": {
                     *             "operation": "kind set",
                     *             "arguments": {}
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description Lower-case letters, digits and hyphens, 63 at most
                         * @example acme
                         */
                        deployment: string;
                        /** Format: date */
                        from: string;
                        /** Format: date */
                        to: string;
                        /**
                         * Format: date
                         * @description Every day before it is metered
                         */
                        meteredThrough: string;
                        /**
                         * @description Of several, the last
                         * @example acme
                         */
                        plan: string;
                        currency: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        base: string;
                        readonly baseFees?: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            plan: string;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            from: string;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            to: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            amount: string;
                        }[];
                        readonly lines: {
                            kind: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            quantity: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            allowance: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            fromEarlierPhase?: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            carriedIn?: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            carriedOut?: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            billable: string;
                            /** @description null: units differ in price, or have none */
                            unitPrice: string | null;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            amount: string;
                            model?: string;
                            readonly tiers?: {
                                /**
                                 * @description An exact decimal
                                 * @example 744.5
                                 */
                                from: string;
                                upTo: string | null;
                                /**
                                 * @description An exact decimal
                                 * @example 744.5
                                 */
                                units: string;
                                /**
                                 * @description An exact decimal
                                 * @example 744.5
                                 */
                                unitPrice: string;
                                /**
                                 * @description An exact decimal
                                 * @example 744.5
                                 */
                                flatFee: string;
                                /**
                                 * @description An exact decimal
                                 * @example 744.5
                                 */
                                amount: string;
                            }[];
                            /** @enum {string} */
                            limitedBy?: "minimum" | "cap";
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            plan?: string;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            from?: string;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            to?: string;
                        }[];
                        /**
                         * @description The sum of the lines' amounts
                         * @example 744.5
                         */
                        overage: string;
                        readonly adjustments?: {
                            /** @enum {string} */
                            cause: "minimum" | "cap" | "discount";
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            amount: string;
                        }[];
                        /**
                         * @description The sum of base, overage and adjustments
                         * @example 744.5
                         */
                        total: string;
                        readonly otherTotals?: {
                            currency: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            total: string;
                        }[];
                        /** @description What was used while paused or on no plan */
                        readonly uncharged?: {
                            /** @enum {string} */
                            reason: "paused" | "no_plan";
                            billingKind: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            quantity: string;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            from: string;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            to: string;
                        }[];
                        /** @description Where more units would cost less */
                        readonly cliffs?: {
                            kind: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            moreUnits: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            amount: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            amountWithMore: string;
                        }[];
                        /** @description What is used and billed to nobody; of days that are over. Empty for a customer */
                        readonly unbilled: {
                            /**
                             * @description The plan prices a kind that is not metered, or has no price for one that is
                             * @enum {string}
                             */
                            reason: "not_metered" | "no_price";
                            kind: string;
                            readonly plans: string[];
                            readonly deployments: string[];
                            /** @description null: nothing tells what there was */
                            quantity: string | null;
                            currency: string;
                            /** @description What it comes to beyond the allowances, before a plan's minimum, cap and discount */
                            amount: string | null;
                            message: string;
                            /** @description The operation that helps, and what to call it with */
                            next: {
                                /** @example kind set */
                                operation: string;
                                arguments: {
                                    [key: string]: string | number | boolean;
                                };
                            } | null;
                        }[];
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    decideSubscription: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "action": "start",
                 *       "plan": "acme",
                 *       "from": "2026-05-01T06:00:00Z"
                 *     }
                 */
                "application/json": {
                    /** @constant */
                    action: "start";
                    /**
                     * @description Lower-case letters, digits and hyphens, 63 at most
                     * @example acme
                     */
                    plan: string;
                    /**
                     * Format: date-time
                     * @description When it begins: the beginning of a UTC day
                     * @example 2026-05-01T06:00:00Z
                     */
                    from: string;
                    /** @description The plan's currency: needed where it is another than the deployment was billed in before */
                    currency?: string;
                } | {
                    /** @constant */
                    action: "change";
                    /**
                     * @description Lower-case letters, digits and hyphens, 63 at most
                     * @example acme
                     */
                    plan: string;
                    /**
                     * Format: date-time
                     * @description When it begins: the beginning of a UTC day
                     * @example 2026-05-01T06:00:00Z
                     */
                    from: string;
                    /** @description The plan's currency: needed where it is another than the deployment was billed in before */
                    currency?: string;
                } | {
                    /** @constant */
                    action: "pause";
                    /**
                     * Format: date-time
                     * @description When it begins: the beginning of a UTC day
                     * @example 2026-05-01T06:00:00Z
                     */
                    from: string;
                    /** @description null: until it is resumed */
                    to?: string | null;
                } | {
                    /** @constant */
                    action: "resume";
                    /**
                     * Format: date-time
                     * @description When it begins: the beginning of a UTC day
                     * @example 2026-05-01T06:00:00Z
                     */
                    from: string;
                } | {
                    /** @constant */
                    action: "end";
                    /**
                     * Format: date-time
                     * @description When it begins: the beginning of a UTC day
                     * @example 2026-05-01T06:00:00Z
                     */
                    from: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "changed": true
                     *     }
                     */
                    "application/json": {
                        /** @description false: it was so already */
                        changed: boolean;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listSubscriptionHistory: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "deployment": "acme",
                     *           "plan": "acme",
                     *           "paused": true,
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Subscription"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getPlanSchema: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example {} */
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listPlans: {
        parameters: {
            query?: {
                /** @description Another day than today */
                on?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "plan": "acme",
                     *           "name": "text",
                     *           "from": "2026-05-01",
                     *           "currency": "text",
                     *           "base": "744.5",
                     *           "baseEvery": "text",
                     *           "baseDue": "arrears",
                     *           "minimum": "744.5",
                     *           "cap": "744.5",
                     *           "discount": {
                     *             "until": "2026-05-01"
                     *           },
                     *           "items": [
                     *             {
                     *               "kind": "text",
                     *               "allowance": "744.5",
                     *               "carryOver": {
                     *                 "months": 1,
                     *                 "limit": "744.5"
                     *               },
                     *               "model": "standard",
                     *               "properties": {},
                     *               "minimum": "744.5",
                     *               "cap": "744.5"
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["PlanVersion"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    applyPlans: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "files": [
                 *         {
                 *           "name": "plans/studio.yaml",
                 *           "text": "text"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description Plan files */
                    files: {
                        /**
                         * @description For problems
                         * @example plans/studio.yaml
                         */
                        name: string;
                        /** @description YAML or JSON, as GET /plan-schema says */
                        text: string;
                    }[];
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "written": 1,
                     *       "warnings": [
                     *         {
                     *           "code": "text",
                     *           "path": [
                     *             "text"
                     *           ],
                     *           "message": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @description How many versions */
                        written: number;
                        /** @description Where the plans and metering do not match; the preview has all */
                        readonly warnings: {
                            code: string;
                            readonly path: (string | number)[];
                            message: string;
                            /** @description The operation that helps, and what to call it with */
                            next?: {
                                /** @example kind set */
                                operation: string;
                                arguments: {
                                    [key: string]: string | number | boolean;
                                };
                            } | null;
                        }[];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getPlan: {
        parameters: {
            query?: {
                /** @description Another day than today */
                on?: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                plan: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "plan": "acme",
                     *       "name": "text",
                     *       "from": "2026-05-01",
                     *       "currency": "text",
                     *       "base": "744.5",
                     *       "baseEvery": "text",
                     *       "baseDue": "arrears",
                     *       "minimum": "744.5",
                     *       "cap": "744.5",
                     *       "discount": {
                     *         "until": "2026-05-01"
                     *       },
                     *       "items": [
                     *         {
                     *           "kind": "text",
                     *           "allowance": "744.5",
                     *           "carryOver": {
                     *             "months": 1,
                     *             "limit": "744.5"
                     *           },
                     *           "model": "standard",
                     *           "properties": {},
                     *           "minimum": "744.5",
                     *           "cap": "744.5"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["PlanVersion"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listPlanVersions: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                plan: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "plan": "acme",
                     *           "name": "text",
                     *           "from": "2026-05-01",
                     *           "currency": "text",
                     *           "base": "744.5",
                     *           "baseEvery": "text",
                     *           "baseDue": "arrears",
                     *           "minimum": "744.5",
                     *           "cap": "744.5",
                     *           "discount": {
                     *             "until": "2026-05-01"
                     *           },
                     *           "items": [
                     *             {
                     *               "kind": "text",
                     *               "allowance": "744.5",
                     *               "carryOver": {
                     *                 "months": 1,
                     *                 "limit": "744.5"
                     *               },
                     *               "model": "standard",
                     *               "properties": {},
                     *               "minimum": "744.5",
                     *               "cap": "744.5"
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["PlanVersion"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    previewPlans: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "files": [
                 *         {
                 *           "name": "plans/studio.yaml",
                 *           "text": "text"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description Plan files */
                    files: {
                        /**
                         * @description For problems
                         * @example plans/studio.yaml
                         */
                        name: string;
                        /** @description YAML or JSON, as GET /plan-schema says */
                        text: string;
                    }[];
                    /**
                     * @description Deployments at most that are named, those for whom it changes most
                     * @default 100
                     */
                    deploymentsMax?: number;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "changes": [
                     *         {
                     *           "file": "text",
                     *           "plan": "acme",
                     *           "from": "2026-05-01",
                     *           "status": "unchanged",
                     *           "comparedWith": "2026-05-01",
                     *           "differences": [
                     *             {
                     *               "what": "text",
                     *               "before": "text",
                     *               "after": "text"
                     *             }
                     *           ],
                     *           "warnings": [
                     *             {
                     *               "code": "text",
                     *               "path": [
                     *                 "text"
                     *               ],
                     *               "message": "text"
                     *             }
                     *           ],
                     *           "impact": {
                     *             "currency": "text",
                     *             "deployments": 1,
                     *             "months": [
                     *               {
                     *                 "month": "text",
                     *                 "complete": true,
                     *                 "sum": {
                     *                   "before": "744.5",
                     *                   "after": "744.5",
                     *                   "difference": "744.5"
                     *                 }
                     *               }
                     *             ],
                     *             "most": [
                     *               {
                     *                 "deployment": "acme",
                     *                 "months": [
                     *                   {
                     *                     "before": "744.5",
                     *                     "after": "744.5",
                     *                     "difference": "744.5"
                     *                   }
                     *                 ]
                     *               }
                     *             ],
                     *             "bills": [
                     *               {
                     *                 "month": "text",
                     *                 "complete": true,
                     *                 "deployments": 1,
                     *                 "sum": {
                     *                   "before": "744.5",
                     *                   "after": "744.5",
                     *                   "difference": "744.5"
                     *                 }
                     *               }
                     *             ]
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        changes: components["schemas"]["PlanChange"][];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    quotePlans: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "basis": {
                 *         "kind": "usage",
                 *         "usage": {
                 *           "droplet_hours": "1488"
                 *         }
                 *       },
                 *       "plans": "all"
                 *     }
                 */
                "application/json": {
                    basis: {
                        /** @constant */
                        kind: "usage";
                        /**
                         * @example {
                         *       "droplet_hours": "1488"
                         *     }
                         */
                        usage: {
                            [key: string]: string;
                        };
                    } | {
                        /** @constant */
                        kind: "period";
                        /**
                         * @description Lower-case letters, digits and hyphens, 63 at most
                         * @example acme
                         */
                        deployment: string;
                        /**
                         * Format: date
                         * @description First UTC day
                         * @example 2026-05-01
                         */
                        from?: string;
                        /**
                         * Format: date
                         * @description First UTC day after the range: not in it
                         * @example 2026-05-01
                         */
                        to?: string;
                    } | {
                        /** @constant */
                        kind: "average";
                        /**
                         * @description Lower-case letters, digits and hyphens, 63 at most
                         * @example acme
                         */
                        deployment: string;
                        months: number;
                    } | {
                        /** @constant */
                        kind: "resources";
                        resources: {
                            /** @description A resource kind such as droplet or volume. */
                            kind: string;
                            /** @description A size by name (s-2vcpu-4gb), or the number by which the kind is weighed: GiB of a volume, nodes of a load balancer. */
                            size?: (string | number) | string;
                            /** @description How many of them. */
                            count?: number | string;
                            /** @description How many hours of the month it exists; all of them if left out. */
                            hours?: string | number;
                            /**
                             * @description off: it exists, and does not run.
                             * @default active
                             */
                            status?: string;
                            /**
                             * @description What billing kinds filter and weigh by, such as vcpus; of sizes by name vcpus and memory_mb are known.
                             * @default {}
                             */
                            attributes?: {
                                [key: string]: (string | number) | string | boolean;
                            };
                        }[];
                    };
                    /** @description Slugs, or all that hold on the month's last day */
                    plans: "all" | string[];
                    /**
                     * @description By default that of the days, else the current one
                     * @example 2026-05
                     */
                    month?: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "month": "2026-05",
                     *       "basis": "text",
                     *       "usage": {},
                     *       "quotes": [
                     *         {
                     *           "plan": "acme",
                     *           "currency": "text",
                     *           "base": "744.5",
                     *           "lines": [
                     *             {
                     *               "kind": "text",
                     *               "quantity": "744.5",
                     *               "allowance": "744.5",
                     *               "billable": "744.5",
                     *               "unitPrice": "744.5",
                     *               "amount": "744.5"
                     *             }
                     *           ],
                     *           "overage": "744.5",
                     *           "total": "744.5"
                     *         }
                     *       ],
                     *       "comparison": {
                     *         "plans": [
                     *           "acme"
                     *         ],
                     *         "lines": [
                     *           {
                     *             "line": "text",
                     *             "amounts": [
                     *               "744.5"
                     *             ],
                     *             "differences": [
                     *               "744.5"
                     *             ]
                     *           }
                     *         ],
                     *         "best": "acme"
                     *       },
                     *       "unbilled": [
                     *         {
                     *           "reason": "not_metered",
                     *           "kind": "text",
                     *           "plans": [
                     *             "acme"
                     *           ],
                     *           "deployments": [
                     *             "acme"
                     *           ],
                     *           "quantity": "744.5",
                     *           "currency": "text",
                     *           "amount": "744.5",
                     *           "message": "text",
                     *           "next": {
                     *             "operation": "kind set",
                     *             "arguments": {}
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description A UTC calendar month
                         * @example 2026-05
                         */
                        month: string;
                        /** @description One sentence on where the usage comes from */
                        basis: string;
                        usage: {
                            [key: string]: string;
                        };
                        quotes: components["schemas"]["Quote"][];
                        comparison: {
                            readonly plans: string[];
                            readonly lines: {
                                line: string;
                                readonly amounts: (string | null)[];
                                /** @description To the first; null: in another currency */
                                readonly differences: (string | null)[];
                            }[];
                            /** @description null: their currencies differ */
                            best: string | null;
                        } | null;
                        /** @description What is used and billed to nobody; of days that are over. Empty for a customer */
                        readonly unbilled: {
                            /**
                             * @description The plan prices a kind that is not metered, or has no price for one that is
                             * @enum {string}
                             */
                            reason: "not_metered" | "no_price";
                            kind: string;
                            readonly plans: string[];
                            readonly deployments: string[];
                            /** @description null: nothing tells what there was */
                            quantity: string | null;
                            currency: string;
                            /** @description What it comes to beyond the allowances, before a plan's minimum, cap and discount */
                            amount: string | null;
                            message: string;
                            /** @description The operation that helps, and what to call it with */
                            next: {
                                /** @example kind set */
                                operation: string;
                                arguments: {
                                    [key: string]: string | number | boolean;
                                };
                            } | null;
                        }[];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    quoteResources: {
        parameters: {
            query?: {
                /** @description Slugs; all that hold on the month's last day unless given */
                plan?: string[];
                /** @description Another than the current one */
                month?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example text */
                "application/yaml": string;
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "month": "2026-05",
                     *       "basis": "text",
                     *       "usage": {},
                     *       "quotes": [
                     *         {
                     *           "plan": "acme",
                     *           "currency": "text",
                     *           "base": "744.5",
                     *           "lines": [
                     *             {
                     *               "kind": "text",
                     *               "quantity": "744.5",
                     *               "allowance": "744.5",
                     *               "billable": "744.5",
                     *               "unitPrice": "744.5",
                     *               "amount": "744.5"
                     *             }
                     *           ],
                     *           "overage": "744.5",
                     *           "total": "744.5"
                     *         }
                     *       ],
                     *       "comparison": {
                     *         "plans": [
                     *           "acme"
                     *         ],
                     *         "lines": [
                     *           {
                     *             "line": "text",
                     *             "amounts": [
                     *               "744.5"
                     *             ],
                     *             "differences": [
                     *               "744.5"
                     *             ]
                     *           }
                     *         ],
                     *         "best": "acme"
                     *       },
                     *       "unbilled": [
                     *         {
                     *           "reason": "not_metered",
                     *           "kind": "text",
                     *           "plans": [
                     *             "acme"
                     *           ],
                     *           "deployments": [
                     *             "acme"
                     *           ],
                     *           "quantity": "744.5",
                     *           "currency": "text",
                     *           "amount": "744.5",
                     *           "message": "text",
                     *           "next": {
                     *             "operation": "kind set",
                     *             "arguments": {}
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description A UTC calendar month
                         * @example 2026-05
                         */
                        month: string;
                        /** @description One sentence on where the usage comes from */
                        basis: string;
                        usage: {
                            [key: string]: string;
                        };
                        quotes: components["schemas"]["Quote"][];
                        comparison: {
                            readonly plans: string[];
                            readonly lines: {
                                line: string;
                                readonly amounts: (string | null)[];
                                /** @description To the first; null: in another currency */
                                readonly differences: (string | null)[];
                            }[];
                            /** @description null: their currencies differ */
                            best: string | null;
                        } | null;
                        /** @description What is used and billed to nobody; of days that are over. Empty for a customer */
                        readonly unbilled: {
                            /**
                             * @description The plan prices a kind that is not metered, or has no price for one that is
                             * @enum {string}
                             */
                            reason: "not_metered" | "no_price";
                            kind: string;
                            readonly plans: string[];
                            readonly deployments: string[];
                            /** @description null: nothing tells what there was */
                            quantity: string | null;
                            currency: string;
                            /** @description What it comes to beyond the allowances, before a plan's minimum, cap and discount */
                            amount: string | null;
                            message: string;
                            /** @description The operation that helps, and what to call it with */
                            next: {
                                /** @example kind set */
                                operation: string;
                                arguments: {
                                    [key: string]: string | number | boolean;
                                };
                            } | null;
                        }[];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    rateUnits: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "model": "standard",
                 *       "properties": {
                 *         "unitPrice": "0.04"
                 *       },
                 *       "units": "100"
                 *     }
                 */
                "application/json": {
                    units: string | number;
                    /** @constant */
                    model: "standard";
                    properties: {
                        /** @description The price of one unit. */
                        unitPrice: string | number;
                    };
                } | {
                    units: string | number;
                    /** @constant */
                    model: "graduated";
                    properties: {
                        tiers: {
                            /** @description The last unit of this tier; null in the last tier, which has no end. */
                            upTo: (string | number) | null;
                            /**
                             * @description The price of a unit in this tier.
                             * @default 0
                             */
                            unitPrice?: string | number;
                            /**
                             * @description Due once as soon as the tier is reached.
                             * @default 0
                             */
                            flatFee?: string | number;
                        }[];
                        /**
                         * @description Whether the fixed part is due although nothing was used.
                         * @default false
                         */
                        dueAtZero?: boolean;
                        /** @description How many units make one that the tiers count: "1000" for prices per thousand; left out: 1. */
                        per?: string | number;
                        /** @description Whether the tiers count whole ones only, one that is begun included. */
                        roundUp?: boolean;
                        /** @description Whether electronic invoices show each tier by itself, with its price; left out: their sum. */
                        linePerTier?: boolean;
                    };
                } | {
                    units: string | number;
                    /** @constant */
                    model: "volume";
                    properties: {
                        tiers: {
                            /** @description The last unit of this tier; null in the last tier, which has no end. */
                            upTo: (string | number) | null;
                            /**
                             * @description The price of a unit in this tier.
                             * @default 0
                             */
                            unitPrice?: string | number;
                            /**
                             * @description Due once as soon as the tier is reached.
                             * @default 0
                             */
                            flatFee?: string | number;
                        }[];
                        /**
                         * @description Whether the fixed part is due although nothing was used.
                         * @default false
                         */
                        dueAtZero?: boolean;
                        /** @description How many units make one that the tiers count: "1000" for prices per thousand; left out: 1. */
                        per?: string | number;
                        /** @description Whether the tiers count whole ones only, one that is begun included. */
                        roundUp?: boolean;
                        /** @description Whether electronic invoices show each tier by itself, with its price; left out: their sum. */
                        linePerTier?: boolean;
                    };
                } | {
                    units: string | number;
                    /** @constant */
                    model: "package";
                    properties: {
                        /** @description How many units a package holds. */
                        packageSize: string | number;
                        /** @description The price of one package. */
                        packagePrice: string | number;
                    };
                } | {
                    units: string | number;
                    /** @constant */
                    model: "percentage";
                    properties: {
                        /** @description Percent of the units: "2.5" of 200 is 5. */
                        percent: string | number;
                        /**
                         * @description Added to the share.
                         * @default 0
                         */
                        fixed?: string | number;
                        /**
                         * @description The least that share and fixed part come to.
                         * @default 0
                         */
                        minimum?: string | number;
                        /**
                         * @description Whether the fixed part is due although nothing was used.
                         * @default false
                         */
                        dueAtZero?: boolean;
                    };
                } | {
                    units: string | number;
                    /** @constant */
                    model: "stairstep";
                    properties: {
                        tiers: {
                            /** @description The last unit of this tier; null in the last tier, which has no end. */
                            upTo: (string | number) | null;
                            /** @description What any number of units in this tier costs. */
                            flatFee: string | number;
                        }[];
                        /**
                         * @description Whether the fixed part is due although nothing was used.
                         * @default false
                         */
                        dueAtZero?: boolean;
                        /** @description How many units make one that the tiers count: "1000" for prices per thousand; left out: 1. */
                        per?: string | number;
                        /** @description Whether the tiers count whole ones only, one that is begun included. */
                        roundUp?: boolean;
                    };
                } | {
                    units: string | number;
                    /** @constant */
                    model: "cost-plus";
                    properties: {
                        /** @description What the provider charges for one unit. */
                        unitCost: string | number;
                        /** @description Percent on top of the cost: "20" makes 10 into 12. */
                        markupPercent: string | number;
                    };
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "amount": "744.5",
                     *       "tiers": [
                     *         {
                     *           "from": "744.5",
                     *           "upTo": "744.5",
                     *           "units": "744.5",
                     *           "unitPrice": "744.5",
                     *           "flatFee": "744.5",
                     *           "amount": "744.5"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description Decimal, not rounded
                         * @example 744.5
                         */
                        amount: string;
                        /** @description Their amounts add up to `amount`; none of models without tiers */
                        readonly tiers: {
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            from: string;
                            upTo: string | null;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            units: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            unitPrice: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            flatFee: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            amount: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listSubscriptions: {
        parameters: {
            query?: {
                /** @description Another moment than now */
                at?: string;
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                plan?: string;
                paused?: boolean;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "deployment": "acme",
                     *           "plan": "acme",
                     *           "paused": true,
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Subscription"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getCustomerBilling: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description arcadia-app's id of a customer */
                customer: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "customer": "text",
                     *       "history": [
                     *         {
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z",
                     *           "entity": "acme",
                     *           "legalName": "text",
                     *           "address": [
                     *             "text"
                     *           ],
                     *           "taxIds": [
                     *             "text"
                     *           ],
                     *           "poNumber": "text",
                     *           "email": "text",
                     *           "tradingName": "text",
                     *           "city": "text",
                     *           "postalCode": "text",
                     *           "country": "text",
                     *           "vatId": "text",
                     *           "registrationId": "text",
                     *           "registrationScheme": "text",
                     *           "electronicAddress": "text",
                     *           "electronicScheme": "text",
                     *           "contact": "text",
                     *           "phone": "text",
                     *           "buyerReference": "text",
                     *           "termsDays": 1,
                     *           "taxCategory": "standard",
                     *           "taxTreatment": "taxed",
                     *           "taxNote": "text",
                     *           "recordedAt": "2026-05-01T06:00:00Z",
                     *           "recordedBy": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["CustomerBilling"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    updateCustomerBilling: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what is changed, as its GET gave it; `*` for whatever it is now. */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /** @description arcadia-app's id of a customer */
                customer: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /**
                     * Format: date
                     * @description First UTC day
                     * @example 2026-05-01
                     */
                    from?: string;
                    /** @description The legal entity that bills; null: the default one */
                    entity?: string | null;
                    /** @description null: the customer's name */
                    legalName?: string | null;
                    /** @description As printed, line by line */
                    address?: string[];
                    /**
                     * @description As printed
                     * @example [
                     *       "VAT GB123456789"
                     *     ]
                     */
                    taxIds?: string[];
                    poNumber?: string | null;
                    email?: string | null;
                    /** @description Where it is not the legal name */
                    tradingName?: string | null;
                    /** @description Of the address, whose lines are then the street and what else there is */
                    city?: string | null;
                    /** @description Of the address */
                    postalCode?: string | null;
                    /** @description ISO 3166, such as GB */
                    country?: string | null;
                    /** @description VAT id with its prefix, such as GB123456789 */
                    vatId?: string | null;
                    /** @description In the register of companies */
                    registrationId?: string | null;
                    /** @description Of the registration id, by ISO 6523 */
                    registrationScheme?: string | null;
                    /** @description Where electronic invoices go to */
                    electronicAddress?: string | null;
                    /** @description Of the electronic address, by the list EAS; EM is e-mail */
                    electronicScheme?: string | null;
                    /** @description A person or a department */
                    contact?: string | null;
                    /** @description Of the contact */
                    phone?: string | null;
                    /** @description What the buyer wants on its invoices, beside the purchase order */
                    buyerReference?: string | null;
                    /** @description null: the legal entity's */
                    termsDays?: number | null;
                    /**
                     * @description Whose rate is charged
                     * @example standard
                     */
                    taxCategory?: string;
                    /** @enum {string} */
                    taxTreatment?: "taxed" | "exempt" | "reverse_charge";
                    /** @description Why no tax is charged, as printed */
                    taxNote?: string | null;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "customer": "text",
                     *       "history": [
                     *         {
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z",
                     *           "entity": "acme",
                     *           "legalName": "text",
                     *           "address": [
                     *             "text"
                     *           ],
                     *           "taxIds": [
                     *             "text"
                     *           ],
                     *           "poNumber": "text",
                     *           "email": "text",
                     *           "tradingName": "text",
                     *           "city": "text",
                     *           "postalCode": "text",
                     *           "country": "text",
                     *           "vatId": "text",
                     *           "registrationId": "text",
                     *           "registrationScheme": "text",
                     *           "electronicAddress": "text",
                     *           "electronicScheme": "text",
                     *           "contact": "text",
                     *           "phone": "text",
                     *           "buyerReference": "text",
                     *           "termsDays": 1,
                     *           "taxCategory": "standard",
                     *           "taxTreatment": "taxed",
                     *           "taxNote": "text",
                     *           "recordedAt": "2026-05-01T06:00:00Z",
                     *           "recordedBy": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["CustomerBilling"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            428: components["responses"]["Problem428"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listLegalEntities: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "entity": "acme",
                     *           "isDefault": true,
                     *           "name": "text",
                     *           "address": [
                     *             "text"
                     *           ],
                     *           "taxIds": [
                     *             "text"
                     *           ],
                     *           "email": "text",
                     *           "tradingName": "text",
                     *           "city": "text",
                     *           "postalCode": "text",
                     *           "country": "text",
                     *           "vatId": "text",
                     *           "registrationId": "text",
                     *           "registrationScheme": "text",
                     *           "electronicAddress": "text",
                     *           "electronicScheme": "text",
                     *           "contact": "text",
                     *           "phone": "text",
                     *           "iban": "text",
                     *           "bic": "text",
                     *           "accountName": "text",
                     *           "paymentTerms": "text",
                     *           "footer": "text",
                     *           "numbering": "own",
                     *           "invoicePrefix": "INV-",
                     *           "creditNotePrefix": "CN-",
                     *           "numberDigits": 1,
                     *           "termsDays": 1,
                     *           "graceDays": 1,
                     *           "logo": "text",
                     *           "font": "text"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["LegalEntity"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    createLegalEntity: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "entity": "acme"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description Lower-case letters, digits and hyphens, 63 at most
                     * @example acme
                     */
                    entity: string;
                    name?: string;
                    /** @description As printed, line by line */
                    address?: string[];
                    /**
                     * @description As printed
                     * @example [
                     *       "VAT GB123456789"
                     *     ]
                     */
                    taxIds?: string[];
                    email?: string | null;
                    /** @description Where it is not the legal name */
                    tradingName?: string | null;
                    /** @description Of the address, whose lines are then the street and what else there is */
                    city?: string | null;
                    /** @description Of the address */
                    postalCode?: string | null;
                    /** @description ISO 3166, such as GB */
                    country?: string | null;
                    /** @description VAT id with its prefix, such as GB123456789 */
                    vatId?: string | null;
                    /** @description In the register of companies */
                    registrationId?: string | null;
                    /** @description Of the registration id, by ISO 6523 */
                    registrationScheme?: string | null;
                    /** @description Where electronic invoices go to */
                    electronicAddress?: string | null;
                    /** @description Of the electronic address, by the list EAS; EM is e-mail */
                    electronicScheme?: string | null;
                    /** @description A person or a department */
                    contact?: string | null;
                    /** @description Of the contact */
                    phone?: string | null;
                    /** @description The account that is paid to */
                    iban?: string | null;
                    /** @description Of the bank */
                    bic?: string | null;
                    /** @description Whose account it is, where it is not the seller */
                    accountName?: string | null;
                    /** @description In words, beside the due date */
                    paymentTerms?: string | null;
                    /** @description Below the totals: registration, bank account */
                    footer?: string | null;
                    /**
                     * @description external: the accounting system gives the numbers
                     * @enum {string}
                     */
                    numbering?: "own" | "external";
                    /** @description Letters, digits, dots, slashes and hyphens */
                    invoicePrefix?: string;
                    /** @description Letters, digits, dots, slashes and hyphens */
                    creditNotePrefix?: string;
                    numberDigits?: number;
                    /** @description To pay */
                    termsDays?: number;
                    /** @description After a month, before its invoices can be approved */
                    graceDays?: number;
                };
            };
        };
        responses: {
            /** @description It was made */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entity": "acme",
                     *       "isDefault": true,
                     *       "name": "text",
                     *       "address": [
                     *         "text"
                     *       ],
                     *       "taxIds": [
                     *         "text"
                     *       ],
                     *       "email": "text",
                     *       "tradingName": "text",
                     *       "city": "text",
                     *       "postalCode": "text",
                     *       "country": "text",
                     *       "vatId": "text",
                     *       "registrationId": "text",
                     *       "registrationScheme": "text",
                     *       "electronicAddress": "text",
                     *       "electronicScheme": "text",
                     *       "contact": "text",
                     *       "phone": "text",
                     *       "iban": "text",
                     *       "bic": "text",
                     *       "accountName": "text",
                     *       "paymentTerms": "text",
                     *       "footer": "text",
                     *       "numbering": "own",
                     *       "invoicePrefix": "INV-",
                     *       "creditNotePrefix": "CN-",
                     *       "numberDigits": 1,
                     *       "termsDays": 1,
                     *       "graceDays": 1,
                     *       "logo": "text",
                     *       "font": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["LegalEntity"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getLegalEntity: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entity": "acme",
                     *       "isDefault": true,
                     *       "name": "text",
                     *       "address": [
                     *         "text"
                     *       ],
                     *       "taxIds": [
                     *         "text"
                     *       ],
                     *       "email": "text",
                     *       "tradingName": "text",
                     *       "city": "text",
                     *       "postalCode": "text",
                     *       "country": "text",
                     *       "vatId": "text",
                     *       "registrationId": "text",
                     *       "registrationScheme": "text",
                     *       "electronicAddress": "text",
                     *       "electronicScheme": "text",
                     *       "contact": "text",
                     *       "phone": "text",
                     *       "iban": "text",
                     *       "bic": "text",
                     *       "accountName": "text",
                     *       "paymentTerms": "text",
                     *       "footer": "text",
                     *       "numbering": "own",
                     *       "invoicePrefix": "INV-",
                     *       "creditNotePrefix": "CN-",
                     *       "numberDigits": 1,
                     *       "termsDays": 1,
                     *       "graceDays": 1,
                     *       "logo": "text",
                     *       "font": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["LegalEntity"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    updateLegalEntity: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what is changed, as its GET gave it; `*` for whatever it is now. */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /**
                     * Format: date
                     * @description First UTC day of what is told of who it is
                     * @example 2026-05-01
                     */
                    from?: string;
                    name?: string;
                    /** @description As printed, line by line */
                    address?: string[];
                    /**
                     * @description As printed
                     * @example [
                     *       "VAT GB123456789"
                     *     ]
                     */
                    taxIds?: string[];
                    email?: string | null;
                    /** @description Where it is not the legal name */
                    tradingName?: string | null;
                    /** @description Of the address, whose lines are then the street and what else there is */
                    city?: string | null;
                    /** @description Of the address */
                    postalCode?: string | null;
                    /** @description ISO 3166, such as GB */
                    country?: string | null;
                    /** @description VAT id with its prefix, such as GB123456789 */
                    vatId?: string | null;
                    /** @description In the register of companies */
                    registrationId?: string | null;
                    /** @description Of the registration id, by ISO 6523 */
                    registrationScheme?: string | null;
                    /** @description Where electronic invoices go to */
                    electronicAddress?: string | null;
                    /** @description Of the electronic address, by the list EAS; EM is e-mail */
                    electronicScheme?: string | null;
                    /** @description A person or a department */
                    contact?: string | null;
                    /** @description Of the contact */
                    phone?: string | null;
                    /** @description The account that is paid to */
                    iban?: string | null;
                    /** @description Of the bank */
                    bic?: string | null;
                    /** @description Whose account it is, where it is not the seller */
                    accountName?: string | null;
                    /** @description In words, beside the due date */
                    paymentTerms?: string | null;
                    /** @description Below the totals: registration, bank account */
                    footer?: string | null;
                    /**
                     * @description external: the accounting system gives the numbers
                     * @enum {string}
                     */
                    numbering?: "own" | "external";
                    /** @description Letters, digits, dots, slashes and hyphens */
                    invoicePrefix?: string;
                    /** @description Letters, digits, dots, slashes and hyphens */
                    creditNotePrefix?: string;
                    numberDigits?: number;
                    /** @description To pay */
                    termsDays?: number;
                    /** @description After a month, before its invoices can be approved */
                    graceDays?: number;
                    /**
                     * @description Takes it from the one that was the default
                     * @constant
                     */
                    isDefault?: true;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entity": "acme",
                     *       "isDefault": true,
                     *       "name": "text",
                     *       "address": [
                     *         "text"
                     *       ],
                     *       "taxIds": [
                     *         "text"
                     *       ],
                     *       "email": "text",
                     *       "tradingName": "text",
                     *       "city": "text",
                     *       "postalCode": "text",
                     *       "country": "text",
                     *       "vatId": "text",
                     *       "registrationId": "text",
                     *       "registrationScheme": "text",
                     *       "electronicAddress": "text",
                     *       "electronicScheme": "text",
                     *       "contact": "text",
                     *       "phone": "text",
                     *       "iban": "text",
                     *       "bic": "text",
                     *       "accountName": "text",
                     *       "paymentTerms": "text",
                     *       "footer": "text",
                     *       "numbering": "own",
                     *       "invoicePrefix": "INV-",
                     *       "creditNotePrefix": "CN-",
                     *       "numberDigits": 1,
                     *       "termsDays": 1,
                     *       "graceDays": 1,
                     *       "logo": "text",
                     *       "font": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["LegalEntity"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            428: components["responses"]["Problem428"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getLegalEntityFont: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it was asked for */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "font/ttf": string;
                    "font/otf": string;
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    setLegalEntityFont: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what is changed, as its GET gave it; `*` for whatever it is now. */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "font/ttf": string;
                "font/otf": string;
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entity": "acme",
                     *       "isDefault": true,
                     *       "name": "text",
                     *       "address": [
                     *         "text"
                     *       ],
                     *       "taxIds": [
                     *         "text"
                     *       ],
                     *       "email": "text",
                     *       "tradingName": "text",
                     *       "city": "text",
                     *       "postalCode": "text",
                     *       "country": "text",
                     *       "vatId": "text",
                     *       "registrationId": "text",
                     *       "registrationScheme": "text",
                     *       "electronicAddress": "text",
                     *       "electronicScheme": "text",
                     *       "contact": "text",
                     *       "phone": "text",
                     *       "iban": "text",
                     *       "bic": "text",
                     *       "accountName": "text",
                     *       "paymentTerms": "text",
                     *       "footer": "text",
                     *       "numbering": "own",
                     *       "invoicePrefix": "INV-",
                     *       "creditNotePrefix": "CN-",
                     *       "numberDigits": 1,
                     *       "termsDays": 1,
                     *       "graceDays": 1,
                     *       "logo": "text",
                     *       "font": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["LegalEntity"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            428: components["responses"]["Problem428"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    removeLegalEntityFont: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what is changed, as its GET gave it; `*` for whatever it is now. */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entity": "acme",
                     *       "isDefault": true,
                     *       "name": "text",
                     *       "address": [
                     *         "text"
                     *       ],
                     *       "taxIds": [
                     *         "text"
                     *       ],
                     *       "email": "text",
                     *       "tradingName": "text",
                     *       "city": "text",
                     *       "postalCode": "text",
                     *       "country": "text",
                     *       "vatId": "text",
                     *       "registrationId": "text",
                     *       "registrationScheme": "text",
                     *       "electronicAddress": "text",
                     *       "electronicScheme": "text",
                     *       "contact": "text",
                     *       "phone": "text",
                     *       "iban": "text",
                     *       "bic": "text",
                     *       "accountName": "text",
                     *       "paymentTerms": "text",
                     *       "footer": "text",
                     *       "numbering": "own",
                     *       "invoicePrefix": "INV-",
                     *       "creditNotePrefix": "CN-",
                     *       "numberDigits": 1,
                     *       "termsDays": 1,
                     *       "graceDays": 1,
                     *       "logo": "text",
                     *       "font": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["LegalEntity"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            428: components["responses"]["Problem428"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getLegalEntityHistory: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entity": "acme",
                     *       "history": [
                     *         {
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z",
                     *           "name": "text",
                     *           "address": [
                     *             "text"
                     *           ],
                     *           "taxIds": [
                     *             "text"
                     *           ],
                     *           "email": "text",
                     *           "tradingName": "text",
                     *           "city": "text",
                     *           "postalCode": "text",
                     *           "country": "text",
                     *           "vatId": "text",
                     *           "registrationId": "text",
                     *           "registrationScheme": "text",
                     *           "electronicAddress": "text",
                     *           "electronicScheme": "text",
                     *           "contact": "text",
                     *           "phone": "text",
                     *           "iban": "text",
                     *           "bic": "text",
                     *           "accountName": "text",
                     *           "paymentTerms": "text",
                     *           "recordedAt": "2026-05-01T06:00:00Z",
                     *           "recordedBy": "text"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description Lower-case letters, digits and hyphens, 63 at most
                         * @example acme
                         */
                        entity: string;
                        history: {
                            /** @description null: from the beginning */
                            from: string | null;
                            /** @description null: still so */
                            to: string | null;
                            name: string | null;
                            address: string[];
                            taxIds: string[];
                            email: string | null;
                            tradingName: string | null;
                            city: string | null;
                            postalCode: string | null;
                            country: string | null;
                            vatId: string | null;
                            registrationId: string | null;
                            registrationScheme: string | null;
                            electronicAddress: string | null;
                            electronicScheme: string | null;
                            contact: string | null;
                            phone: string | null;
                            iban: string | null;
                            bic: string | null;
                            accountName: string | null;
                            paymentTerms: string | null;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            recordedAt: string;
                            recordedBy: string;
                        }[];
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getLegalEntityLogo: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it was asked for */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "image/png": string;
                    "image/jpeg": string;
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    setLegalEntityLogo: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what is changed, as its GET gave it; `*` for whatever it is now. */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "image/png": string;
                "image/jpeg": string;
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entity": "acme",
                     *       "isDefault": true,
                     *       "name": "text",
                     *       "address": [
                     *         "text"
                     *       ],
                     *       "taxIds": [
                     *         "text"
                     *       ],
                     *       "email": "text",
                     *       "tradingName": "text",
                     *       "city": "text",
                     *       "postalCode": "text",
                     *       "country": "text",
                     *       "vatId": "text",
                     *       "registrationId": "text",
                     *       "registrationScheme": "text",
                     *       "electronicAddress": "text",
                     *       "electronicScheme": "text",
                     *       "contact": "text",
                     *       "phone": "text",
                     *       "iban": "text",
                     *       "bic": "text",
                     *       "accountName": "text",
                     *       "paymentTerms": "text",
                     *       "footer": "text",
                     *       "numbering": "own",
                     *       "invoicePrefix": "INV-",
                     *       "creditNotePrefix": "CN-",
                     *       "numberDigits": 1,
                     *       "termsDays": 1,
                     *       "graceDays": 1,
                     *       "logo": "text",
                     *       "font": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["LegalEntity"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            428: components["responses"]["Problem428"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    removeLegalEntityLogo: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what is changed, as its GET gave it; `*` for whatever it is now. */
                "If-Match": components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entity": "acme",
                     *       "isDefault": true,
                     *       "name": "text",
                     *       "address": [
                     *         "text"
                     *       ],
                     *       "taxIds": [
                     *         "text"
                     *       ],
                     *       "email": "text",
                     *       "tradingName": "text",
                     *       "city": "text",
                     *       "postalCode": "text",
                     *       "country": "text",
                     *       "vatId": "text",
                     *       "registrationId": "text",
                     *       "registrationScheme": "text",
                     *       "electronicAddress": "text",
                     *       "electronicScheme": "text",
                     *       "contact": "text",
                     *       "phone": "text",
                     *       "iban": "text",
                     *       "bic": "text",
                     *       "accountName": "text",
                     *       "paymentTerms": "text",
                     *       "footer": "text",
                     *       "numbering": "own",
                     *       "invoicePrefix": "INV-",
                     *       "creditNotePrefix": "CN-",
                     *       "numberDigits": 1,
                     *       "termsDays": 1,
                     *       "graceDays": 1,
                     *       "logo": "text",
                     *       "font": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["LegalEntity"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            428: components["responses"]["Problem428"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listTaxRates: {
        parameters: {
            query?: {
                /** @description Only those that hold on a day */
                on?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "entity": "acme",
                     *           "category": "standard",
                     *           "title": "VAT",
                     *           "percent": "744.5",
                     *           "from": "2026-05-01T06:00:00Z",
                     *           "to": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["TaxRate"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    setTaxRate: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "category": "standard",
                 *       "title": "VAT",
                 *       "percent": "20"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description null: the default one
                     * @default null
                     */
                    entity?: string | null;
                    /**
                     * @description standard is what customers have unless told
                     * @example standard
                     */
                    category: string;
                    /**
                     * @description As it is printed
                     * @example VAT
                     */
                    title: string;
                    /**
                     * @description 0 to 100
                     * @example 20
                     */
                    percent: string;
                    /** @description First UTC day; null: from the beginning */
                    from?: string | null;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "changed": true
                     *     }
                     */
                    "application/json": {
                        /** @description false: it was so already */
                        changed: boolean;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listCorrections: {
        parameters: {
            query?: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                deployment?: string;
                /** @description A UTC calendar month */
                month?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "customer": "text",
                     *           "deployment": "acme",
                     *           "month": "2026-05",
                     *           "currency": "text",
                     *           "amount": "744.5",
                     *           "lines": [
                     *             {
                     *               "component": "text",
                     *               "description": "text",
                     *               "costs": "744.5",
                     *               "issued": "744.5",
                     *               "decided": "744.5",
                     *               "amount": "744.5"
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Correction"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    checkCorrections: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "monthsRated": 1
                     *     }
                     */
                    "application/json": {
                        monthsRated: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    decideCorrection: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "decision": "invoice",
                 *       "deployment": "acme",
                 *       "month": "2026-05"
                 *     }
                 */
                "application/json": {
                    /** @constant */
                    decision: "invoice";
                    /**
                     * @description Lower-case letters, digits and hyphens, 63 at most
                     * @example acme
                     */
                    deployment: string;
                    /**
                     * @description A UTC calendar month
                     * @example 2026-05
                     */
                    month: string;
                    /** @description Where the month is corrected in several */
                    currency?: string;
                    /**
                     * @description Refused where it comes to another amount by now
                     * @example 12.50
                     */
                    expectedAmount?: string;
                } | {
                    /** @constant */
                    decision: "credit_note";
                    /**
                     * @description Lower-case letters, digits and hyphens, 63 at most
                     * @example acme
                     */
                    deployment: string;
                    /**
                     * @description A UTC calendar month
                     * @example 2026-05
                     */
                    month: string;
                    /** @description Where the month is corrected in several */
                    currency?: string;
                    /**
                     * @description Refused where it comes to another amount by now
                     * @example 12.50
                     */
                    expectedAmount?: string;
                    /** @description The credit note's, where the accounting system gives them */
                    number?: string;
                    /** @description Although names, addresses or tax ids are missing */
                    incomplete?: boolean;
                } | {
                    /** @constant */
                    decision: "waive";
                    /**
                     * @description Lower-case letters, digits and hyphens, 63 at most
                     * @example acme
                     */
                    deployment: string;
                    /**
                     * @description A UTC calendar month
                     * @example 2026-05
                     */
                    month: string;
                    /** @description Where the month is corrected in several */
                    currency?: string;
                    /**
                     * @description Refused where it comes to another amount by now
                     * @example 12.50
                     */
                    expectedAmount?: string;
                    reason: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "takenBack": [
                     *         {
                     *           "month": "2026-05",
                     *           "amount": "744.5"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description What comes on the next invoice, or is waived
                         * @example 744.5
                         */
                        amount?: string;
                        /** @description Whose invoice it comes on; null: nothing comes */
                        month?: string | null;
                        creditNotes?: {
                            number: string;
                            credits: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            total: string;
                        }[];
                        /** @description What is taken off the draft of a month; null: what had been waived */
                        takenBack: {
                            month: string | null;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            amount: string;
                        }[];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    previewInvoice: {
        parameters: {
            query?: {
                /** @description Another than the current one */
                month?: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Lower-case letters, digits and hyphens, 63 at most */
                slug: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "customer": "text",
                     *       "month": "2026-05",
                     *       "invoices": [
                     *         {
                     *           "currency": "text",
                     *           "lines": [
                     *             {
                     *               "deployment": "acme",
                     *               "kind": "text",
                     *               "component": "text",
                     *               "description": "text",
                     *               "serviceMonth": "2026-05",
                     *               "period": {
                     *                 "from": "text",
                     *                 "to": "text"
                     *               },
                     *               "quantity": "744.5",
                     *               "unit": "text",
                     *               "unitPrice": "744.5",
                     *               "amount": "744.5",
                     *               "details": {}
                     *             }
                     *           ],
                     *           "subtotal": "744.5",
                     *           "tax": "744.5",
                     *           "total": "744.5"
                     *         }
                     *       ],
                     *       "uncharged": [
                     *         {
                     *           "deployment": "acme",
                     *           "kind": "text",
                     *           "quantity": "744.5",
                     *           "reason": "paused"
                     *         }
                     *       ],
                     *       "unbilled": [
                     *         {
                     *           "reason": "not_metered",
                     *           "kind": "text",
                     *           "plans": [
                     *             "acme"
                     *           ],
                     *           "deployments": [
                     *             "acme"
                     *           ],
                     *           "quantity": "744.5",
                     *           "currency": "text",
                     *           "amount": "744.5",
                     *           "message": "text",
                     *           "next": {
                     *             "operation": "kind set",
                     *             "arguments": {}
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        customer: string;
                        /**
                         * @description A UTC calendar month
                         * @example 2026-05
                         */
                        month: string;
                        invoices: {
                            currency: string;
                            lines: {
                                /** @description null: of the customer as a whole */
                                deployment: string | null;
                                kind: string;
                                /** @description What is billed */
                                component: string;
                                description: string;
                                /**
                                 * @description A UTC calendar month
                                 * @example 2026-05
                                 */
                                serviceMonth: string;
                                period: {
                                    from: string;
                                    to: string;
                                };
                                quantity: string | null;
                                unit: string | null;
                                unitPrice: string | null;
                                /**
                                 * @description An exact decimal
                                 * @example 744.5
                                 */
                                amount: string;
                                details: {
                                    [key: string]: unknown;
                                };
                            }[];
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            subtotal: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            tax: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            total: string;
                        }[];
                        /** @description Usage that no plan charges */
                        uncharged: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            deployment: string;
                            kind: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            quantity: string;
                            /** @enum {string} */
                            reason: "paused" | "no_plan";
                        }[];
                        /** @description What is used and billed to nobody; of days that are over. Empty for a customer */
                        readonly unbilled: {
                            /**
                             * @description The plan prices a kind that is not metered, or has no price for one that is
                             * @enum {string}
                             */
                            reason: "not_metered" | "no_price";
                            kind: string;
                            readonly plans: string[];
                            readonly deployments: string[];
                            /** @description null: nothing tells what there was */
                            quantity: string | null;
                            currency: string;
                            /** @description What it comes to beyond the allowances, before a plan's minimum, cap and discount */
                            amount: string | null;
                            message: string;
                            /** @description The operation that helps, and what to call it with */
                            next: {
                                /** @example kind set */
                                operation: string;
                                arguments: {
                                    [key: string]: string | number | boolean;
                                };
                            } | null;
                        }[];
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    exportFocus: {
        parameters: {
            query: {
                /** @description A UTC calendar month */
                month: string;
                /** @description The form of the file */
                format?: "csv" | "parquet";
                /** @description What is exported */
                dataset?: "CostAndUsage" | "InvoiceDetail" | "BillingPeriod";
                /** @description Only these columns of it, separated by commas; all where it is left out */
                columns?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it was asked for */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getExportCoverage: {
        parameters: {
            query: {
                /** @description A UTC calendar month */
                month: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "unissued": 1,
                     *       "void": 1
                     *     }
                     */
                    "application/json": {
                        /** @description Invoices that are drafts or approved */
                        unissued: number;
                        /** @description Documents that are void */
                        void: number;
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    removeInvoiceLine: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                line: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was done */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    approveInvoicesOfMonth: {
        parameters: {
            query?: {
                /** @description Where the answer before says to go on */
                after?: number;
            };
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description A UTC calendar month */
                month: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /** @description Why, although the month is not final */
                    override?: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "done": [
                     *         {
                     *           "invoiceId": 1,
                     *           "number": "text",
                     *           "kind": "invoice",
                     *           "state": "draft",
                     *           "customer": "text",
                     *           "customerName": "text",
                     *           "entity": "text",
                     *           "month": "2026-05",
                     *           "currency": "text",
                     *           "subtotal": "744.5",
                     *           "tax": "744.5",
                     *           "total": "744.5",
                     *           "issuedAt": "2026-05-01T06:00:00Z",
                     *           "dueOn": "2026-05-01",
                     *           "credits": "text",
                     *           "documentDigest": "text",
                     *           "voidReason": "text"
                     *         }
                     *       ],
                     *       "refused": [
                     *         {
                     *           "invoiceId": 1,
                     *           "customer": "text",
                     *           "code": "text",
                     *           "message": "text"
                     *         }
                     *       ],
                     *       "next": 1
                     *     }
                     */
                    "application/json": {
                        done: components["schemas"]["Invoice"][];
                        /** @description They do not stop the others */
                        refused: {
                            invoiceId: number;
                            customer: string;
                            code: string;
                            message: string;
                        }[];
                        /** @description There are more: ask again with it as `after` */
                        next: number | null;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    issueInvoicesOfMonth: {
        parameters: {
            query?: {
                /** @description Where the answer before says to go on */
                after?: number;
            };
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description A UTC calendar month */
                month: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /** @description Although names, addresses or tax ids are missing */
                    incomplete?: boolean;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "done": [
                     *         {
                     *           "invoiceId": 1,
                     *           "number": "text",
                     *           "kind": "invoice",
                     *           "state": "draft",
                     *           "customer": "text",
                     *           "customerName": "text",
                     *           "entity": "text",
                     *           "month": "2026-05",
                     *           "currency": "text",
                     *           "subtotal": "744.5",
                     *           "tax": "744.5",
                     *           "total": "744.5",
                     *           "issuedAt": "2026-05-01T06:00:00Z",
                     *           "dueOn": "2026-05-01",
                     *           "credits": "text",
                     *           "documentDigest": "text",
                     *           "voidReason": "text"
                     *         }
                     *       ],
                     *       "refused": [
                     *         {
                     *           "invoiceId": 1,
                     *           "customer": "text",
                     *           "code": "text",
                     *           "message": "text"
                     *         }
                     *       ],
                     *       "next": 1
                     *     }
                     */
                    "application/json": {
                        done: components["schemas"]["Invoice"][];
                        /** @description They do not stop the others */
                        refused: {
                            invoiceId: number;
                            customer: string;
                            code: string;
                            message: string;
                        }[];
                        /** @description There are more: ask again with it as `after` */
                        next: number | null;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listInvoices: {
        parameters: {
            query?: {
                /** @description A UTC calendar month */
                month?: string;
                state?: "draft" | "approved" | "issued" | "void";
                kind?: "invoice" | "credit_note";
                /** @description arcadia-app's id of the customer */
                customer?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "invoiceId": 1,
                     *           "number": "text",
                     *           "kind": "invoice",
                     *           "state": "draft",
                     *           "customer": "text",
                     *           "customerName": "text",
                     *           "entity": "text",
                     *           "month": "2026-05",
                     *           "currency": "text",
                     *           "subtotal": "744.5",
                     *           "tax": "744.5",
                     *           "total": "744.5",
                     *           "issuedAt": "2026-05-01T06:00:00Z",
                     *           "dueOn": "2026-05-01",
                     *           "credits": "text",
                     *           "documentDigest": "text",
                     *           "voidReason": "text"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Invoice"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getInvoice: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Id, or number of an issued one */
                invoice: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "invoiceId": 1,
                     *       "number": "text",
                     *       "kind": "invoice",
                     *       "state": "draft",
                     *       "customer": "text",
                     *       "customerName": "text",
                     *       "entity": "text",
                     *       "month": "2026-05",
                     *       "currency": "text",
                     *       "subtotal": "744.5",
                     *       "tax": "744.5",
                     *       "total": "744.5",
                     *       "issuedAt": "2026-05-01T06:00:00Z",
                     *       "dueOn": "2026-05-01",
                     *       "credits": "text",
                     *       "documentDigest": "text",
                     *       "voidReason": "text",
                     *       "approvedAt": "2026-05-01T06:00:00Z",
                     *       "approvedBy": "text",
                     *       "overrideReason": "text",
                     *       "issuedBy": "text",
                     *       "voidAt": "2026-05-01T06:00:00Z",
                     *       "document": {
                     *         "format": "arcadia-invoice/1",
                     *         "currency": "text",
                     *         "buyer": {
                     *           "name": "text"
                     *         },
                     *         "sections": [
                     *           {
                     *             "deployment": "text",
                     *             "lines": [
                     *               {
                     *                 "position": 1,
                     *                 "description": "text",
                     *                 "kind": "text",
                     *                 "serviceMonth": "2026-05",
                     *                 "quantity": "744.5",
                     *                 "unit": "text",
                     *                 "unitPrice": "744.5",
                     *                 "amount": "744.5",
                     *                 "details": {}
                     *               }
                     *             ]
                     *           }
                     *         ],
                     *         "subtotal": "744.5",
                     *         "taxes": [
                     *           {
                     *             "title": "text",
                     *             "treatment": "text",
                     *             "percent": "text",
                     *             "amount": "744.5"
                     *           }
                     *         ],
                     *         "total": "744.5"
                     *       },
                     *       "missing": [
                     *         "text"
                     *       ],
                     *       "lacking": [
                     *         {
                     *           "rule": "text",
                     *           "message": "text",
                     *           "next": {
                     *             "operation": "kind set",
                     *             "arguments": {}
                     *           }
                     *         }
                     *       ],
                     *       "unbilled": [
                     *         {
                     *           "reason": "not_metered",
                     *           "kind": "text",
                     *           "plans": [
                     *             "acme"
                     *           ],
                     *           "deployments": [
                     *             "acme"
                     *           ],
                     *           "quantity": "744.5",
                     *           "currency": "text",
                     *           "amount": "744.5",
                     *           "message": "text",
                     *           "next": {
                     *             "operation": "kind set",
                     *             "arguments": {}
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        invoiceId: number;
                        /** @description null: not issued */
                        number: string | null;
                        /** @enum {string} */
                        kind: "invoice" | "credit_note";
                        /** @enum {string} */
                        state: "draft" | "approved" | "issued" | "void";
                        /** @description arcadia-app's id of the customer */
                        customer: string;
                        customerName: string;
                        /** @description The legal entity that bills; empty for a customer */
                        entity: string;
                        /**
                         * @description A UTC calendar month
                         * @example 2026-05
                         */
                        month: string;
                        currency: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        subtotal: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        tax: string;
                        /**
                         * @description An exact decimal
                         * @example 744.5
                         */
                        total: string;
                        issuedAt: string | null;
                        dueOn: string | null;
                        /** @description The invoice that a credit note takes back a part of */
                        credits: string | null;
                        /** @description sha256 of the canonical JSON */
                        documentDigest: string | null;
                        /** @description As the customer reads it too */
                        voidReason: string | null;
                        approvedAt: string | null;
                        /** @description Who approved it; null for a customer */
                        approvedBy: string | null;
                        /** @description Why, before its month was final; null for a customer */
                        overrideReason: string | null;
                        /** @description Who issued it; null for a customer */
                        issuedBy: string | null;
                        voidAt: string | null;
                        document: components["schemas"]["InvoiceDocument"];
                        /** @description What it lacks to be issued */
                        missing: string[];
                        /** @description What it lacks to be an electronic invoice, by rule; it can be issued without */
                        lacking: {
                            rule: string;
                            message: string;
                            /** @description The operation that helps, and what to call it with */
                            next: {
                                /** @example kind set */
                                operation: string;
                                arguments: {
                                    [key: string]: string | number | boolean;
                                };
                            } | null;
                        }[];
                        /** @description What is used and billed to nobody; of days that are over. Empty for a customer */
                        readonly unbilled: {
                            /**
                             * @description The plan prices a kind that is not metered, or has no price for one that is
                             * @enum {string}
                             */
                            reason: "not_metered" | "no_price";
                            kind: string;
                            readonly plans: string[];
                            readonly deployments: string[];
                            /** @description null: nothing tells what there was */
                            quantity: string | null;
                            currency: string;
                            /** @description What it comes to beyond the allowances, before a plan's minimum, cap and discount */
                            amount: string | null;
                            message: string;
                            /** @description The operation that helps, and what to call it with */
                            next: {
                                /** @example kind set */
                                operation: string;
                                arguments: {
                                    [key: string]: string | number | boolean;
                                };
                            } | null;
                        }[];
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    approveInvoice: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag of what it is about, as its GET gave it: refused (412) where that has changed since. */
                "If-Match"?: components["parameters"]["IfMatchIfWanted"];
            };
            path: {
                /** @description Id, or number of an issued one */
                invoice: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /** @description Why, although its month is not final */
                    override?: string;
                    /**
                     * @description Refused where it comes to another total by now
                     * @example 12.50
                     */
                    expectedTotal?: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "invoiceId": 1,
                     *       "number": "text",
                     *       "kind": "invoice",
                     *       "state": "draft",
                     *       "customer": "text",
                     *       "customerName": "text",
                     *       "entity": "text",
                     *       "month": "2026-05",
                     *       "currency": "text",
                     *       "subtotal": "744.5",
                     *       "tax": "744.5",
                     *       "total": "744.5",
                     *       "issuedAt": "2026-05-01T06:00:00Z",
                     *       "dueOn": "2026-05-01",
                     *       "credits": "text",
                     *       "documentDigest": "text",
                     *       "voidReason": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getInvoiceCsv: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Id, or number of an issued one */
                invoice: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it was asked for */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    issueInvoice: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag of what it is about, as its GET gave it: refused (412) where that has changed since. */
                "If-Match"?: components["parameters"]["IfMatchIfWanted"];
            };
            path: {
                /** @description Id, or number of an issued one */
                invoice: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /** @description The accounting system's, where it gives them */
                    number?: string;
                    /** @description Although names, addresses or tax ids are missing */
                    incomplete?: boolean;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "invoiceId": 1,
                     *       "number": "text",
                     *       "kind": "invoice",
                     *       "state": "draft",
                     *       "customer": "text",
                     *       "customerName": "text",
                     *       "entity": "text",
                     *       "month": "2026-05",
                     *       "currency": "text",
                     *       "subtotal": "744.5",
                     *       "tax": "744.5",
                     *       "total": "744.5",
                     *       "issuedAt": "2026-05-01T06:00:00Z",
                     *       "dueOn": "2026-05-01",
                     *       "credits": "text",
                     *       "documentDigest": "text",
                     *       "voidReason": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getInvoiceJson: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Id, or number of an issued one */
                invoice: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it was asked for */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    addInvoiceLine: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag of what it is about, as its GET gave it: refused (412) where that has changed since. */
                "If-Match"?: components["parameters"]["IfMatchIfWanted"];
            };
            path: {
                /** @description Id, or number of an issued one */
                invoice: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "description": "text",
                 *       "unitPrice": "12.50"
                 *     }
                 */
                "application/json": {
                    description: string;
                    /**
                     * @description An exact decimal
                     * @default 1
                     * @example 12.50
                     */
                    quantity?: string;
                    unit?: string | null;
                    /**
                     * @description An exact decimal
                     * @example 12.50
                     */
                    unitPrice: string;
                    taxCategory?: string | null;
                    deployment?: string | null;
                };
            };
        };
        responses: {
            /** @description It was made */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "lineId": 1
                     *     }
                     */
                    "application/json": {
                        lineId: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    explainInvoiceLine: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
            };
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Id, or number of an issued one */
                invoice: string;
                line: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "invoice": "text",
                     *       "currency": "text",
                     *       "line": {
                     *         "position": 1,
                     *         "description": "text",
                     *         "kind": "text",
                     *         "serviceMonth": "2026-05",
                     *         "quantity": "744.5",
                     *         "unit": "text",
                     *         "unitPrice": "744.5",
                     *         "amount": "744.5",
                     *         "details": {}
                     *       },
                     *       "usage": {
                     *         "quantity": "744.5",
                     *         "resources": [
                     *           {
                     *             "name": "text",
                     *             "externalId": "text",
                     *             "intervals": [
                     *               {
                     *                 "from": "text",
                     *                 "to": "text",
                     *                 "level": "744.5",
                     *                 "share": "text",
                     *                 "quantity": "744.5"
                     *               }
                     *             ]
                     *           }
                     *         ],
                     *         "resourcesTotal": 1,
                     *         "nextCursor": "text"
                     *       },
                     *       "changedSince": true
                     *     }
                     */
                    "application/json": {
                        invoice: string;
                        currency: string;
                        line: {
                            position: number;
                            description: string;
                            kind: string;
                            /**
                             * @description A UTC calendar month
                             * @example 2026-05
                             */
                            serviceMonth: string;
                            quantity: string | null;
                            unit: string | null;
                            unitPrice: string | null;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            amount: string;
                            period?: {
                                from: string;
                                to: string;
                            } & {
                                [key: string]: unknown;
                            };
                            details: {
                                [key: string]: unknown;
                            };
                        } & {
                            [key: string]: unknown;
                        };
                        /** @description As GET .../usage/explanation answers; null for what is not usage */
                        usage: ({
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            quantity: string;
                            resources: ({
                                name: string | null;
                                externalId: string;
                                intervals: ({
                                    from: string;
                                    to: string;
                                    /**
                                     * @description An exact decimal
                                     * @example 744.5
                                     */
                                    level: string;
                                    share: string | null;
                                    /**
                                     * @description An exact decimal
                                     * @example 744.5
                                     */
                                    quantity: string;
                                } & {
                                    [key: string]: unknown;
                                })[];
                            } & {
                                [key: string]: unknown;
                            })[];
                            resourcesTotal: number;
                            nextCursor: string | null;
                        } & {
                            [key: string]: unknown;
                        }) | null;
                        /** @description Usage has changed since the invoice */
                        changedSince: boolean;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getInvoicePdf: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Id, or number of an issued one */
                invoice: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it was asked for */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/pdf": string;
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    voidInvoice: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description The ETag of what it is about, as its GET gave it: refused (412) where that has changed since. */
                "If-Match"?: components["parameters"]["IfMatchIfWanted"];
            };
            path: {
                /** @description Id, or number of an issued one */
                invoice: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "text"
                 *     }
                 */
                "application/json": {
                    /** @description Why. The customer reads it with the document, once that was issued */
                    reason: string;
                    /** @description Although corrections of it were waived: they are billed again */
                    dropWaivers?: boolean;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "invoiceId": 1,
                     *       "number": "text",
                     *       "kind": "invoice",
                     *       "state": "draft",
                     *       "customer": "text",
                     *       "customerName": "text",
                     *       "entity": "text",
                     *       "month": "2026-05",
                     *       "currency": "text",
                     *       "subtotal": "744.5",
                     *       "tax": "744.5",
                     *       "total": "744.5",
                     *       "issuedAt": "2026-05-01T06:00:00Z",
                     *       "dueOn": "2026-05-01",
                     *       "credits": "text",
                     *       "documentDigest": "text",
                     *       "voidReason": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["Invoice"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            412: components["responses"]["Problem412"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    draftInvoices: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "month": "2026-05"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description A UTC calendar month
                     * @example 2026-05
                     */
                    month: string;
                };
            };
        };
        responses: {
            /** @description A job will do it */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Link: components["headers"]["Link"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "month": "2026-05"
                     *     }
                     */
                    "application/json": {
                        /**
                         * @description A UTC calendar month
                         * @example 2026-05
                         */
                        month: string;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getOverview: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": "2026-05-01",
                     *       "to": "2026-05-01",
                     *       "meteredThrough": "2026-06-01",
                     *       "kinds": [
                     *         {
                     *           "kind": "text",
                     *           "unit": "text"
                     *         }
                     *       ],
                     *       "deployments": [
                     *         {
                     *           "customer": "text",
                     *           "deployment": "acme",
                     *           "usage": {
                     *             "droplet_hours": "744"
                     *           },
                     *           "plan": "acme",
                     *           "amounts": [
                     *             {
                     *               "currency": "text",
                     *               "amount": "744.5"
                     *             }
                     *           ],
                     *           "problem": "text"
                     *         }
                     *       ],
                     *       "totals": [
                     *         {
                     *           "currency": "text",
                     *           "subtotal": "744.5",
                     *           "tax": "744.5",
                     *           "total": "744.5"
                     *         }
                     *       ],
                     *       "unbilled": [
                     *         {
                     *           "reason": "not_metered",
                     *           "kind": "text",
                     *           "plans": [
                     *             "acme"
                     *           ],
                     *           "deployments": [
                     *             "acme"
                     *           ],
                     *           "quantity": "744.5",
                     *           "currency": "text",
                     *           "amount": "744.5",
                     *           "message": "text",
                     *           "next": {
                     *             "operation": "kind set",
                     *             "arguments": {}
                     *           }
                     *         }
                     *       ],
                     *       "unlisted": [
                     *         {
                     *           "account": "acme",
                     *           "kind": "nfs",
                     *           "hidden": 1,
                     *           "urns": [
                     *             "text"
                     *           ],
                     *           "since": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "revertedSyncs": [
                     *         {
                     *           "account": "acme",
                     *           "kind": "droplet",
                     *           "syncRunId": 1,
                     *           "startedAt": "2026-05-01T06:00:00Z",
                     *           "revertedAt": "2026-05-01T06:00:00Z",
                     *           "revertedBy": "text"
                     *         }
                     *       ],
                     *       "unattributed": {
                     *         "usage": {
                     *           "droplet_hours": "744"
                     *         },
                     *         "resources": [
                     *           {
                     *             "resourceId": 1,
                     *             "account": "acme",
                     *             "kind": "text",
                     *             "externalId": "text",
                     *             "name": "text",
                     *             "tags": [
                     *               "text"
                     *             ],
                     *             "since": "2026-05-01T06:00:00Z"
                     *           }
                     *         ],
                     *         "total": 1
                     *       }
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: date
                         * @description A UTC day
                         * @example 2026-05-01
                         */
                        from: string;
                        /**
                         * Format: date
                         * @description A UTC day
                         * @example 2026-05-01
                         */
                        to: string;
                        /**
                         * Format: date
                         * @description Every day before it is metered
                         * @example 2026-06-01
                         */
                        meteredThrough: string;
                        /** @description Those that are used in it */
                        readonly kinds: {
                            kind: string;
                            unit: string;
                        }[];
                        readonly deployments: {
                            customer: string;
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            deployment: string;
                            /**
                             * @description Quantities by billing kind
                             * @example {
                             *       "droplet_hours": "744"
                             *     }
                             */
                            usage: {
                                [key: string]: string;
                            };
                            /** @description null: on no plan now */
                            plan: string | null;
                            readonly amounts: {
                                currency: string;
                                /**
                                 * @description An exact decimal
                                 * @example 744.5
                                 */
                                amount: string;
                            }[];
                            /** @description Why its customer could not be rated */
                            problem: string | null;
                        }[];
                        /** @description What the month's invoices come to as they are now */
                        readonly totals: {
                            currency: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            subtotal: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            tax: string;
                            /**
                             * @description An exact decimal
                             * @example 744.5
                             */
                            total: string;
                        }[];
                        /** @description What is used and billed to nobody; of days that are over. Empty for a customer */
                        readonly unbilled: {
                            /**
                             * @description The plan prices a kind that is not metered, or has no price for one that is
                             * @enum {string}
                             */
                            reason: "not_metered" | "no_price";
                            kind: string;
                            readonly plans: string[];
                            readonly deployments: string[];
                            /** @description null: nothing tells what there was */
                            quantity: string | null;
                            currency: string;
                            /** @description What it comes to beyond the allowances, before a plan's minimum, cap and discount */
                            amount: string | null;
                            message: string;
                            /** @description The operation that helps, and what to call it with */
                            next: {
                                /** @example kind set */
                                operation: string;
                                arguments: {
                                    [key: string]: string | number | boolean;
                                };
                            } | null;
                        }[];
                        /** @description What projects hold and no listing shows: it may cost money, and is not metered */
                        readonly unlisted: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            account: string;
                            /** @example nfs */
                            kind: string;
                            /** @description How many */
                            hidden: number;
                            /** @description The first of them */
                            readonly urns: string[];
                            /**
                             * Format: date-time
                             * @description When projects first showed one of them
                             * @example 2026-05-01T06:00:00Z
                             */
                            since: string;
                        }[];
                        /** @description Kinds that were not listed completely since their last sync run was reverted */
                        readonly revertedSyncs: {
                            /**
                             * @description Lower-case letters, digits and hyphens, 63 at most
                             * @example acme
                             */
                            account: string;
                            /** @example droplet */
                            kind: string;
                            syncRunId: number;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            startedAt: string;
                            /**
                             * Format: date-time
                             * @description UTC
                             * @example 2026-05-01T06:00:00Z
                             */
                            revertedAt: string;
                            revertedBy: string;
                        }[];
                        unattributed: {
                            /**
                             * @description Quantities by billing kind
                             * @example {
                             *       "droplet_hours": "744"
                             *     }
                             */
                            usage: {
                                [key: string]: string;
                            };
                            /** @description The first 20 */
                            resources: {
                                resourceId: number;
                                /**
                                 * @description Lower-case letters, digits and hyphens, 63 at most
                                 * @example acme
                                 */
                                account: string;
                                kind: string;
                                externalId: string;
                                name: string;
                                tags: string[];
                                /**
                                 * Format: date-time
                                 * @description UTC
                                 * @example 2026-05-01T06:00:00Z
                                 */
                                since: string;
                            }[];
                            total: number;
                        };
                    };
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listJobs: {
        parameters: {
            query?: {
                /** @description A queue */
                queue?: string;
                /** @description A kind of job */
                job?: string;
                /** @description A dead job has failed as often as it may */
                state?: "waiting" | "scheduled" | "running" | "completed" | "cancelled" | "dead";
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e",
                     *           "queue": "text",
                     *           "job": "text",
                     *           "arguments": {},
                     *           "state": "waiting",
                     *           "attempt": 1,
                     *           "attemptsMax": 1,
                     *           "createdAt": "2026-05-01T06:00:00Z",
                     *           "runAfter": "2026-05-01T06:00:00Z",
                     *           "startedAt": "2026-05-01T06:00:00Z",
                     *           "endedAt": "2026-05-01T06:00:00Z",
                     *           "reason": "text"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Job"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    runJob: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "job": "meter_day"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description A kind of job
                     * @example meter_day
                     */
                    job: string;
                    /**
                     * @description What the job is told
                     * @default {}
                     * @example {
                     *       "account": "acme"
                     *     }
                     */
                    arguments?: {
                        [key: string]: string | number | boolean | null;
                    };
                };
            };
        };
        responses: {
            /** @description A job will do it */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e",
                     *       "enqueued": true
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: uuid
                         * @example 0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e
                         */
                        id: string;
                        /** @description false: it was there already */
                        enqueued: boolean;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    getJob: {
        parameters: {
            query?: never;
            header?: {
                /** @description An ETag: while it is still so, the answer is 304 without a body. */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e",
                     *       "queue": "text",
                     *       "job": "text",
                     *       "arguments": {},
                     *       "state": "waiting",
                     *       "attempt": 1,
                     *       "attemptsMax": 1,
                     *       "createdAt": "2026-05-01T06:00:00Z",
                     *       "runAfter": "2026-05-01T06:00:00Z",
                     *       "startedAt": "2026-05-01T06:00:00Z",
                     *       "endedAt": "2026-05-01T06:00:00Z",
                     *       "reason": "text"
                     *     }
                     */
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description What the If-None-Match names is still so */
            304: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    cancelJobs: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    ids?: string[];
                    /**
                     * @description A queue
                     * @example metering
                     */
                    queue?: string;
                    /**
                     * @description A kind of job
                     * @example meter_day
                     */
                    job?: string;
                    /**
                     * @description A dead job has failed as often as it may
                     * @enum {string}
                     */
                    state?: "waiting" | "scheduled" | "running" | "completed" | "cancelled" | "dead";
                    /**
                     * @description What its arguments contain
                     * @example {
                     *       "account": "acme"
                     *     }
                     */
                    arguments?: {
                        [key: string]: string | number | boolean | null;
                    };
                    /** @description For the record */
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cancelled": 1
                     *     }
                     */
                    "application/json": {
                        cancelled: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    retryJobs: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    ids?: string[];
                    /**
                     * @description A queue
                     * @example metering
                     */
                    queue?: string;
                    /**
                     * @description A kind of job
                     * @example meter_day
                     */
                    job?: string;
                    /**
                     * @description A dead job has failed as often as it may
                     * @enum {string}
                     */
                    state?: "waiting" | "scheduled" | "running" | "completed" | "cancelled" | "dead";
                    /**
                     * @description What its arguments contain
                     * @example {
                     *       "account": "acme"
                     *     }
                     */
                    arguments?: {
                        [key: string]: string | number | boolean | null;
                    };
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "retried": 1
                     *     }
                     */
                    "application/json": {
                        /** @description How many will run again */
                        retried: number;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listQueues: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "queue": "text",
                     *           "limit": 1,
                     *           "exclusive": true,
                     *           "paused": true,
                     *           "running": 1,
                     *           "waiting": 1,
                     *           "scheduled": 1,
                     *           "dead": 1,
                     *           "lagSeconds": 1,
                     *           "workers": [
                     *             {
                     *               "worker": "text",
                     *               "limit": 1,
                     *               "paused": true
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Queue"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    controlQueue: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A queue */
                queue: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    paused?: boolean;
                    limit?: number;
                    /** @description Only on the worker of this name, instead of all of them */
                    worker?: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "queue": "text",
                     *       "limit": 1,
                     *       "exclusive": true,
                     *       "paused": true,
                     *       "running": 1,
                     *       "waiting": 1,
                     *       "scheduled": 1,
                     *       "dead": 1,
                     *       "lagSeconds": 1,
                     *       "workers": [
                     *         {
                     *           "worker": "text",
                     *           "limit": 1,
                     *           "paused": true
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Queue"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listSchedule: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "name": "text",
                     *           "cron": "*\/15 * * * *",
                     *           "job": "text",
                     *           "arguments": {},
                     *           "queue": "text",
                     *           "next": "2026-05-01T06:00:00Z",
                     *           "last": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["ScheduledJob"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    streamEvents: {
        parameters: {
            query?: {
                /** @description The last id seen, for clients that cannot send the header Last-Event-ID */
                after?: number;
            };
            header?: {
                /** @description The last id that the reader has seen: it hears what came after. */
                "Last-Event-ID"?: components["parameters"]["LastEventId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it was asked for */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    checkToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "text"
                 *     }
                 */
                "application/json": {
                    /** @description The token, without the word Bearer */
                    token: string;
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accepted": true,
                     *       "reason": "text",
                     *       "code": "unauthenticated",
                     *       "role": "owner",
                     *       "roleFrom": "text",
                     *       "customer": "text",
                     *       "subject": "text",
                     *       "tokenId": "text",
                     *       "issuer": "text",
                     *       "issuedAt": "text",
                     *       "expiresAt": "text"
                     *     }
                     */
                    "application/json": {
                        accepted: boolean;
                        /** @description Why it is refused */
                        reason: string | null;
                        /**
                         * @description With which error
                         * @example unauthenticated
                         */
                        code: string | null;
                        role: ("owner" | "finance" | "operator" | "viewer" | "customer") | null;
                        /** @description The name in the token that the role comes from; null: the default role */
                        roleFrom: string | null;
                        /** @description The customer's external id, with the role customer */
                        customer: string | null;
                        subject: string | null;
                        /** @description Its claim jti */
                        tokenId: string | null;
                        issuer: string | null;
                        issuedAt: string | null;
                        expiresAt: string | null;
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listTokenRevocations: {
        parameters: {
            query?: {
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "revocation": 1,
                     *           "tokenId": "text",
                     *           "subject": "text",
                     *           "issuedBefore": "2026-05-01T06:00:00Z",
                     *           "reason": "text",
                     *           "revokedAt": "2026-05-01T06:00:00Z",
                     *           "revokedBy": "text",
                     *           "expiresAt": "2026-05-01T06:00:00Z"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["TokenRevocation"][];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    revokeTokens: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key with the same request is done once and answered the same for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "text"
                 *     }
                 */
                "application/json": {
                    /** @description The claim jti of the token */
                    tokenId?: string;
                    /** @description The claim sub of the tokens */
                    subject?: string;
                    /**
                     * Format: date-time
                     * @description Alone it signs everybody out who signed in before
                     * @example 2026-05-01T06:00:00Z
                     */
                    issuedBefore?: string;
                    /**
                     * Format: date-time
                     * @description When the last of these tokens ends, where that is known
                     * @example 2026-05-01T06:00:00Z
                     */
                    expiresAt?: string;
                    /** @description For the record */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description It was made */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revocation": 1,
                     *       "tokenId": "text",
                     *       "subject": "text",
                     *       "issuedBefore": "2026-05-01T06:00:00Z",
                     *       "reason": "text",
                     *       "revokedAt": "2026-05-01T06:00:00Z",
                     *       "revokedBy": "text",
                     *       "expiresAt": "2026-05-01T06:00:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenRevocation"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    listAuditLog: {
        parameters: {
            query?: {
                table?: string;
                actor?: string;
                requestId?: string;
                /** @description A moment */
                from?: string;
                /** @description A moment */
                to?: string;
                /** @description Items on a page; of a CSV, rows in all */
                limit?: number;
                /** @description `nextCursor` of the page before, with the same other parameters */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or all of it as CSV */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "position": 1,
                     *           "recordedAt": "2026-05-01T06:00:00Z",
                     *           "actor": "text",
                     *           "origin": "text",
                     *           "address": "text",
                     *           "requestId": "text",
                     *           "operation": "insert",
                     *           "table": "text",
                     *           "key": {},
                     *           "before": {},
                     *           "after": {},
                     *           "hash": "text"
                     *         }
                     *       ],
                     *       "nextCursor": null
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description Its place in the chain, from 1 on */
                            position: number;
                            /**
                             * Format: date-time
                             * @description The server's own time, of a simulated database too
                             * @example 2026-05-01T06:00:00Z
                             */
                            recordedAt: string;
                            /** @description A token's subject, a user of a machine, a worker, or a database user */
                            actor: string;
                            /** @description api, cli, job, migration, or sql for none of ours */
                            origin: string;
                            /** @description Where the request or the connection came from */
                            address: string | null;
                            requestId: string | null;
                            /** @enum {string} */
                            operation: "insert" | "update" | "delete";
                            table: string;
                            /** @description The primary key of the row */
                            key: {
                                [key: string]: unknown;
                            };
                            /** @description The row as it was; null for a new one */
                            before: {
                                [key: string]: unknown;
                            } | null;
                            /** @description As it became; null where it is gone */
                            after: {
                                [key: string]: unknown;
                            } | null;
                            /** @description SHA-256 of the hash before it and of its content */
                            hash: string;
                        }[];
                        /**
                         * @description null: there is no more
                         * @example null
                         */
                        nextCursor: string | null;
                    };
                    "text/csv": string;
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            406: components["responses"]["Problem406"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    verifyAuditLog: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /** @description An earlier head as position:hash, which must still be there */
                    head?: string;
                    /** @description Files with anchors from elsewhere */
                    anchors?: {
                        name: string;
                        text: string;
                    }[];
                };
            };
        };
        responses: {
            /** @description As it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["XRequestId"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "intact": true,
                     *       "head": {
                     *         "position": 1,
                     *         "hash": "text"
                     *       },
                     *       "broken": [
                     *         {
                     *           "position": 1,
                     *           "what": "changed"
                     *         }
                     *       ],
                     *       "faults": [
                     *         {
                     *           "what": "missing",
                     *           "kind": "text",
                     *           "relation": "text",
                     *           "name": "text",
                     *           "expected": "text",
                     *           "found": "text",
                     *           "since": {
                     *             "at": "2026-05-01T06:00:00Z",
                     *             "after": "2026-05-01T06:00:00Z",
                     *             "afterEntry": 1,
                     *             "before": "2026-05-01T06:00:00Z"
                     *           }
                     *         }
                     *       ],
                     *       "notedHolds": true,
                     *       "anchors": [
                     *         {
                     *           "place": "text",
                     *           "problem": "text",
                     *           "checked": 1,
                     *           "newestAt": "2026-05-01T06:00:00Z",
                     *           "broken": [
                     *             {
                     *               "position": 1,
                     *               "at": "2026-05-01T06:00:00Z",
                     *               "what": "cut"
                     *             }
                     *           ],
                     *           "altered": [
                     *             1
                     *           ],
                     *           "otherKey": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        intact: boolean;
                        /** @description The last entry, to be noted down; null: there is none */
                        head: {
                            position: number;
                            hash: string;
                        } | null;
                        /** @description Entries at which the chain does not hold, the oldest first; a hundred at most */
                        readonly broken: {
                            position: number;
                            /** @enum {string} */
                            what: "changed" | "unlinked" | "missing";
                        }[];
                        readonly faults: components["schemas"]["GuardFault"][];
                        /** @description Whether the given head is still there; null: none was given */
                        notedHolds: boolean | null;
                        /** @description Empty: no place is configured, and none was given */
                        readonly anchors: components["schemas"]["AnchorPlace"][];
                    };
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            406: components["responses"]["Problem406"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
}

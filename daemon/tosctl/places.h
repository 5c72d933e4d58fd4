/* SPDX-License-Identifier: Apache-2.0 */
/* places: where plugins, packs and models lie, in a build tree or as installed. */
#ifndef TOSD_TOSCTL_PLACES_H
#define TOSD_TOSCTL_PLACES_H

const char *places_rules(void);	     /* the plugin that runs packs */
const char *places_classifier(void); /* the plugin that runs models */
const char *places_lists(void);	     /* the plugin that looks things up in lists */
const char *places_model(void);
const char *places_policies(void);
const char *places_lexicon(void);
const char *places_templates(void); /* of plugins to start from */
const char *places_temporary(void); /* where a folder may be made and removed again */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_classifier: `tosctl classifier train|evaluate|calibrate`. */
#ifndef TOSD_TOSCTL_TOSCTL_CLASSIFIER_H
#define TOSD_TOSCTL_TOSCTL_CLASSIFIER_H

int tosctl_classifier(int argc, char **argv);

#endif

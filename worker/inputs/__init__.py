"""From planned scenes to arrays on a grid."""

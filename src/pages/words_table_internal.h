/* words_table_internal.h: what pages say: X(identifier, English, French). French has a narrow no-break space (U+202F)
 * before ":", ";" and "?". */
#ifndef CAM_WORDS_TABLE_INTERNAL_H
#define CAM_WORDS_TABLE_INTERNAL_H

/* clang-format off */
#define CAM_WORDS(X) \
    X(TITLE_TRAIN, "Report: {0}", "Rapport : {0}") \
    X(TITLE_MEASURE, "Measured: {0}", "Mesure : {0}") \
    X(TITLE_COMPARE, "Compared: {0}", "Comparaison : {0}") \
    X(TITLE_CURVE, "Learning curve: {0}", "Courbe d’apprentissage : {0}") \
    X(TITLE_CLEAN, "Data checked: {0}", "Données vérifiées : {0}") \
    X(CONTENTS, "Contents", "Sommaire") \
    X(FOOTER, \
      "Made by cam-train {0} from the files of this folder. It loads nothing from elsewhere.", \
      "Page écrite par cam-train {0} à partir des fichiers de ce dossier. Elle ne charge rien d’ailleurs.") \
    X(SECTION_COMPARISON, "Comparison", "Comparaison") \
    X(SECTION_MEASURED, "Measured scores", "Scores mesurés") \
    X(SECTION_LEARNING, "Would more data help?", "Plus de données aideraient-elles ?") \
    X(SECTION_DATA, "Doubtful labels", "Étiquettes douteuses") \
    X(SECTION_RESULT, "Result", "Résultat") \
    X(SECTION_COURSE, "Course of the training", "Déroulement de l’entraînement") \
    X(SECTION_LABELS, "Scores by label", "Scores par étiquette") \
    X(SECTION_CONFUSIONS, "Which label is taken for which", "Quelle étiquette est prise pour quelle autre") \
    X(SECTION_MISTAKES, "Surest mistakes", "Erreurs les plus sûres") \
    X(SECTION_CALIBRATION, "Can the scores be trusted?", "Peut-on se fier aux probabilités ?") \
    X(SECTION_AUTOMATION, \
      "How much can be handled without a person?", \
      "Quelle part peut être traitée sans intervention ?") \
    X(SECTION_CONFIGURATION, "Configuration and environment", "Configuration et environnement") \
    X(SECTION_FILES, "Files", "Fichiers") \
    X(WARNING, "Warning:", "Attention :") \
    X(ACCURACY, "Accuracy", "Exactitude") \
    X(F1, "F1", "F1") \
    X(F1_MACRO, "F1 macro", "F1 macro") \
    X(F1_MICRO, "F1 micro", "F1 micro") \
    X(F1_WEIGHTED, "F1 weighted", "F1 pondéré") \
    X(F1_BAR, "F1 from 0 to 1", "F1 de 0 à 1") \
    X(LOSS, "Loss", "Perte") \
    X(PERPLEXITY, "Perplexity", "Perplexité") \
    X(MASKED_ACCURACY, "Masked words guessed", "Mots masqués devinés") \
    X(PRECISION, "Precision", "Précision") \
    X(RECALL, "Recall", "Rappel") \
    X(SUPPORT, "Rows", "Lignes") \
    X(ROWS, "Rows", "Lignes") \
    X(SCORES, "Scores", "Scores") \
    X(SCORE, "Score", "Probabilité") \
    X(LABEL, "Label", "Étiquette") \
    X(LABELS, "Labels", "Étiquettes") \
    X(TEXT, "Text", "Texte") \
    X(LINE, "Line", "Ligne") \
    X(EPOCH, "epoch", "époque") \
    X(STEP, "Step", "Pas") \
    X(THIS_MODEL, "This model", "Ce modèle") \
    X(TRAINING_ROWS, "Training rows", "Lignes d’entraînement") \
    X(VALIDATION_ROWS, "Validation rows", "Lignes de validation") \
    X(TEST_ROWS, "Test rows", "Lignes de test") \
    X(BASELINE_NOTE, \
      "TF-IDF with a linear classifier counts words and knows no language. It is scored on the same rows: " \
      "a model that is not above it has learnt nothing that counting would not give.", \
      "TF-IDF avec un classifieur linéaire compte les mots et ne connaît pas la langue. Il est évalué sur " \
      "les mêmes lignes : un modèle qui ne le dépasse pas n’a rien appris que le comptage ne donnerait.") \
    X(VALIDATION_NOTE, \
      "The validation rows also chose the best model, so their score flatters it a little. The verb " \
      "measure gives one that does not.", \
      "Les lignes de validation ont aussi servi à choisir le meilleur modèle : leur score le flatte un " \
      "peu. La commande measure en donne un qui ne flatte pas.") \
    X(LOSS_NOTE, \
      "Training: what each step minimised, with class weights and smoothing. Validation: plain mean " \
      "cross-entropy. If the first falls while the second rises, the model learns its rows by heart.", \
      "Entraînement : ce que chaque pas a minimisé, avec poids des classes et lissage. Validation : " \
      "entropie croisée moyenne. Si la première baisse et que la seconde monte, le modèle apprend ses " \
      "lignes par cœur.") \
    X(SCORES_NOTE, \
      "On the validation rows, at each evaluation.", \
      "Sur les lignes de validation, à chaque évaluation.") \
    X(LEARNING_RATE, "Learning rate", "Taux d’apprentissage") \
    X(LEARNING_RATE_NOTE, \
      "The rate of the classifier’s head at each step.", \
      "Le taux de la tête du classifieur à chaque pas.") \
    X(GRADIENT_NORM, "Gradient norm", "Norme du gradient") \
    X(GRADIENT_NORM_NOTE, \
      "Of the trained parameters, before clipping. Peaks are batches that surprised the model.", \
      "Des paramètres entraînés, avant écrêtage. Les pics sont des lots qui ont surpris le modèle.") \
    X(EVALUATIONS, "Evaluations", "Évaluations") \
    X(EVALUATIONS_AS_TABLE, "All evaluations as a table", "Toutes les évaluations en tableau") \
    X(BAND_OF_STEPS, "band: lowest and highest of neighbouring steps", "bande : minimum et maximum de pas voisins") \
    X(LINES_SAID, "Line chart of {0} against {1}.", "Courbe : {0} selon {1}.") \
    X(SERIES_SAID, \
      "{0}: from {1} at the beginning to {2} at the end, lowest {3}, highest {4}.", \
      "{0} : de {1} au début à {2} à la fin, minimum {3}, maximum {4}.") \
    X(INTERVAL, "{0} to {1}", "{0} à {1}") \
    X(INTERVAL_SAID, " ({0} to {1})", " ({0} à {1})") \
    X(INTERVAL_HEAD, "Interval", "Intervalle") \
    X(IDEAL, "ideal", "idéal") \
    X(LABELS_NOTE, \
      "The worst labels stand first. Precision: of the rows that got this label, how many have it. Recall:" \
      " of the rows that have it, how many got it. F1 is high only where both are.", \
      "Les moins bonnes étiquettes viennent en premier. Précision : parmi les lignes qui ont reçu " \
      "l’étiquette, combien la portent. Rappel : parmi celles qui la portent, combien l’ont reçue. F1 " \
      "n’est élevé que si les deux le sont.") \
    X(LABELS_CAPTION, "Labels, worst first", "Étiquettes, les moins bonnes en premier") \
    X(SOME_OF_ALL, "{0} of {1} are shown.", "{0} sur {1} sont montrées.") \
    X(TAKEN_FOR, "Taken for", "Prise pour") \
    X(OF_LABEL, "Of the label", "De l’étiquette") \
    X(PAIRS_CAPTION, "Most frequent confusions", "Confusions les plus fréquentes") \
    X(MATRIX_CAPTION, "Confusion matrix", "Matrice de confusion") \
    X(MATRIX_CORNER, "true ↓ given →", "vraie ↓ donnée →") \
    X(MATRIX_NOTE, \
      "A row is the label in the data, a column the label that the model gives; an empty cell is 0. Framed" \
      " cells are right. The shade is the share of the row.", \
      "Une ligne est l’étiquette des données, une colonne celle que donne le modèle ; une case vide vaut " \
      "0. Les cases encadrées sont justes. La teinte est la part de la ligne.") \
    X(MATRIX_REDUCED, \
      "The matrix shows the labels with the most wrong rows; metrics.json has all of it.", \
      "La matrice montre les étiquettes qui ont le plus d’erreurs ; metrics.json contient le tout.") \
    X(MISTAKES_NOTE, \
      "Rows that were not trained on, where the model is surest of a label that is not theirs. Often the " \
      "label in the data is wrong: read these first. mistakes.csv has all of them.", \
      "Lignes hors entraînement où le modèle est le plus sûr d’une étiquette qui n’est pas la leur. " \
      "Souvent, c’est l’étiquette des données qui est fausse : à lire en premier. mistakes.csv les " \
      "contient toutes.") \
    X(MISTAKES_CAPTION, "Mistakes, surest first", "Erreurs, les plus sûres en premier") \
    X(BIN, "Scores", "Probabilités") \
    X(BINS_CAPTION, "Scores and what they were worth", "Probabilités et ce qu’elles valaient") \
    X(MEAN_SCORE, "Mean score", "Probabilité moyenne") \
    X(CALIBRATION_KEPT, \
      "The scores were divided by a temperature of {0} before they became probabilities, since that fits " \
      "unseen rows better. Expected calibration error: {1} before, {2} after.", \
      "Les scores ont été divisés par une température de {0} avant de devenir des probabilités, ce qui " \
      "convient mieux aux lignes non vues. Erreur de calibration attendue : {1} avant, {2} après.") \
    X(CALIBRATION_ERROR, "Expected calibration error: {1}.", "Erreur de calibration attendue : {1}.") \
    X(CALIBRATION_NOT_KEPT, \
      "The scores stay as they are: no temperature is known to fit unseen rows better. Expected " \
      "calibration error: {1}.", \
      "Les scores restent tels quels : aucune température ne convient mieux, à notre connaissance, aux " \
      "lignes non vues. Erreur de calibration attendue : {1}.") \
    X(RELIABILITY, "Reliability diagram", "Diagramme de fiabilité") \
    X(RELIABILITY_NOTE, \
      "Each mark is the rows whose score lies in one fifteenth of the scale. On the dotted line a score of" \
      " 80 % is right 80 times in 100; below it the model is too sure, above it too timid.", \
      "Chaque marque représente les lignes dont la probabilité tombe dans un quinzième de l’échelle. Sur " \
      "la ligne pointillée, 80 % veut dire juste 80 fois sur 100 ; en dessous, le modèle est trop sûr, " \
      "au-dessus trop timide.") \
    X(ACCURACY_WITH_INTERVAL, "accuracy with its interval", "exactitude et son intervalle") \
    X(AUTOMATION_TITLE, "Share handled and accuracy on it", "Part traitée et exactitude sur cette part") \
    X(AUTOMATION_NOTE, \
      "If only rows whose score reaches the threshold are handled without a person, this share of the rows" \
      " is handled, and this share of those is right. The band is the interval.", \
      "Si seules les lignes dont la probabilité atteint le seuil sont traitées sans intervention, voici la" \
      " part traitée et l’exactitude sur cette part. La bande est l’intervalle.") \
    X(SHARE, "Share of the rows", "Part des lignes") \
    X(THRESHOLD, "Threshold", "Seuil") \
    X(ENVIRONMENT, "Environment", "Environnement") \
    X(BASE_MODEL, "Base model", "Modèle de départ") \
    X(DEVICE, "Device", "Matériel") \
    X(VERSION, "Version of cam-train", "Version de cam-train") \
    X(RUN_ID, "Run", "Entraînement") \
    X(PARAMETERS, "Parameters", "Paramètres") \
    X(TRAINED_PARAMETERS, "Trained parameters", "Paramètres entraînés") \
    X(TOKENS, "Tokens of the training rows", "Jetons des lignes d’entraînement") \
    X(MEAN_TOKENS, "Tokens a row, on average", "Jetons par ligne, en moyenne") \
    X(STEPS_PLANNED, "Steps planned", "Pas prévus") \
    X(STEPS_MADE, "Steps made", "Pas effectués") \
    X(TIME, "Time", "Durée") \
    X(ENDED_BY, "Ended by", "Fin") \
    X(CONFIGURATION_ALL, "The whole configuration (run.yaml)", "Toute la configuration (run.yaml)") \
    X(FILES_CAPTION, "Files of this folder", "Fichiers de ce dossier") \
    X(FILE, "File", "Fichier") \
    X(MEANING, "What it is", "Contenu") \
    X(SIZE, "Size", "Taille") \
    X(FILE_MODEL, "the model’s weights", "les poids du modèle") \
    X(FILE_CARD, "the model card", "la fiche du modèle") \
    X(FILE_METRICS, "all figures", "tous les chiffres") \
    X(FILE_BEST, "the recommended configuration", "la configuration recommandée") \
    X(FILE_CONFUSION, "the confusion matrix", "la matrice de confusion") \
    X(FILE_MISTAKES, "rows that were taken for another label", "lignes prises pour une autre étiquette") \
    X(FILE_SUSPECTS, "rows whose label is doubtful, to decide on", "lignes à l’étiquette douteuse, à trancher") \
    X(FILE_OOF, \
      "each row’s probabilities by a model that has not seen it", \
      "probabilités de chaque ligne par un modèle qui ne l’a pas vue") \
    X(FILE_SPLIT, "which row went into which part", "quelle ligne est dans quelle partie") \
    X(FILE_LOG, "every step and every evaluation", "chaque pas et chaque évaluation") \
    X(FILE_EVENTS, "the curves, for TensorBoard", "les courbes, pour TensorBoard") \
    X(FILE_CONFIGURATION, "the whole configuration", "toute la configuration") \
    X(FILE_RECORD, "what the result depends on", "ce dont dépend le résultat") \
    X(FILE_SHAPE, "the model’s shape and labels", "la forme et les étiquettes du modèle") \
    X(FILE_TOKENIZER, "the tokenizer", "le découpage en jetons") \
    X(MEASURED_NOTE, \
      "Folds: {0}; seeds: {1}. Every row was scored by models that never saw it. Intervals hold the true " \
      "value in {2} of such measurements.", \
      "{0} plis, {1} graines : chaque ligne a été évaluée par des modèles qui ne l’ont jamais vue. Les " \
      "intervalles contiennent la vraie valeur dans {2} de telles mesures.") \
    X(DUPLICATES_ACROSS_FOLDS, "Near-duplicates across folds", "Quasi-doublons entre plis") \
    X(PAIRED_ABOVE, \
      "The model is above TF-IDF on the same rows: by {0} in accuracy (interval {1}, p = {2}).", \
      "Le modèle dépasse TF-IDF sur les mêmes lignes : de {0} en exactitude (intervalle {1}, p = {2}).") \
    X(PAIRED_BELOW, \
      "The model is below TF-IDF on the same rows: by {0} in accuracy (interval {1}, p = {2}).", \
      "Le modèle est en dessous de TF-IDF sur les mêmes lignes : de {0} en exactitude (intervalle {1}, p =" \
      " {2}).") \
    X(PAIRED_EQUAL, \
      "These rows do not tell the model from TF-IDF: a difference of {0} in accuracy (interval {1}, p = " \
      "{2}).", \
      "Ces lignes ne départagent pas le modèle et TF-IDF : différence de {0} en exactitude (intervalle " \
      "{1}, p = {2}).") \
    X(REPETITIONS, "Repetitions", "Répétitions") \
    X(REPETITION, "Repetition", "Répétition") \
    X(REPETITIONS_NOTE, \
      "Each mark is the score of one fold and seed. Their spread shows how much one split alone could " \
      "mislead.", \
      "Chaque marque est le score d’un pli et d’une graine. Leur dispersion montre combien un seul " \
      "découpage peut tromper.") \
    X(REPETITIONS_AS_TABLE, "All repetitions as a table", "Toutes les répétitions en tableau") \
    X(SEED, "Seed", "Graine") \
    X(FOLD, "Fold", "Pli") \
    X(SETTING, "Setting", "Réglage") \
    X(DIFFERENCE, "To the best", "Écart au meilleur") \
    X(DIFFERENCES, "Differences to the best", "Écarts au meilleur") \
    X(DIFFERENCES_NOTE, \
      "In accuracy, on the same rows. Where the whisker reaches the line at 0, the rows do not tell the " \
      "two apart.", \
      "En exactitude, sur les mêmes lignes. Si le trait atteint la ligne du 0, les lignes ne départagent " \
      "pas les deux.") \
    X(TRAIN_TIME, "Training", "Entraînement") \
    X(PREDICT_SPEED, "Rows a second", "Lignes par seconde") \
    X(RECOMMENDED, "recommended", "recommandé") \
    X(PRUNED, \
      "left out after {0} folds: it could not win any more", \
      "écarté après {0} plis : ne pouvait plus gagner") \
    X(COMPARED_BARS_NOTE, "Whiskers are intervals.", "Les traits sont des intervalles.") \
    X(COMPARED_CAPTION, "All settings", "Tous les réglages") \
    X(COMPARED_NOTE, \
      "Recommended is the cheapest setting that is not worse than the best by more than the interval says.", \
      "Est recommandé le réglage le moins coûteux qui n’est pas moins bon que le meilleur au-delà de ce " \
      "que dit l’intervalle.") \
    X(COMPARED_RECOMMENDED, "Recommended: {0}", "Recommandé : {0}") \
    X(LEARNING_TITLE, "Accuracy by training rows", "Exactitude selon le nombre de lignes") \
    X(LEARNING_NOTE, \
      "Marks are measured, whiskers are intervals. The dashed line is a power law through them, drawn to " \
      "twice the data: a forecast, not a measurement.", \
      "Les marques sont mesurées, les traits sont des intervalles. La ligne tiretée est une loi de " \
      "puissance prolongée jusqu’au double des données : une prévision, pas une mesure.") \
    X(POWER_LAW, "power law", "loi de puissance") \
    X(AT_TWICE, \
      "With {0} rows an accuracy of {1} is expected (interval {2}).", \
      "Avec {0} lignes, on attend une exactitude de {1} (intervalle {2}).") \
    X(GAIN, "Gain in F1", "Gain de F1") \
    X(GAIN_CAPTION, "Labels that gain most from more rows", "Étiquettes qui gagnent le plus à avoir plus de lignes") \
    X(SUSPECTS, "Doubtful labels", "Étiquettes douteuses") \
    X(WRONG_SHARE, "Wrong labels, estimated", "Étiquettes fausses, estimation") \
    X(DUPLICATES, "Repeated texts", "Textes répétés") \
    X(CONFLICTS, "Equal texts, two labels", "Textes égaux, deux étiquettes") \
    X(NEAR_DUPLICATES, "Near-duplicates", "Quasi-doublons") \
    X(OUTLIERS, "Outliers", "Textes à part") \
    X(CLEAN_NOTE, \
      "Rows whose own label a model that has not seen them finds unlikely. A person decides: the column " \
      "decision of suspects.csv is for that.", \
      "Lignes dont l’étiquette paraît improbable à un modèle qui ne les a pas vues. À vous de trancher : " \
      "la colonne decision de suspects.csv sert à cela.") \
    X(SUSPECTS_CAPTION, "The most doubtful rows", "Les lignes les plus douteuses") \
    X(PLACE, "Place", "Emplacement") \
    X(GIVEN, "Label", "Étiquette") \
    X(SUGGESTED, "Suggested", "Proposée") \
    X(SCORE_OF_GIVEN, "Its score", "Sa probabilité") \
    X(SCORE_OF_SUGGESTED, "Score of the other", "Probabilité de l’autre")
/* clang-format on */

#endif

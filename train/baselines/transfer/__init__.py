"""Networks that were trained on other pictures, frozen or fine-tuned, and forest and SVM on pixels."""
